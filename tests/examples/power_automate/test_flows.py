"""The cloud flows are played on the connector, with stand-ins of SharePoint, Outlook and Approvals."""

import csv
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import requests

from connector_package.flow_solution import ALL_FLOWS, ENVIRONMENT_VARIABLES
from tests.conftest import Api, Storage
from workflow_player.flow import Flow
from workflow_player.messages import Response
from workflow_player.player import Player
from workflow_player.results import Played
from workflow_player.services.approvals import Approvals
from workflow_player.services.outlook import Outlook
from workflow_player.services.sharepoint import SITE, SharePoint
from workflow_player.services.sharepoint_files import Downloads, ImportsFromSharePoint

CODE = Path(__file__).resolve().parents[3] / "examples" / "workflow_code"
LIBRARY = "6ba1f4f8-3c5e-4ea5-b8b1-9a1f0f1f7d53"
PNG = b"\x89PNG\r\n\x1a\n"
SALES = {
    "january.csv": "Category,Price\nFiction,12.50\nTravel,20\n",
    "february.csv": "Category,Price\nFiction,9.90\n",
}
EXPENSES = (
    "employee,date,category,amount\nAda,2026-03-02,Meals,20\nBob,2026-03-03,Meals,25\n"
    "Cy,2026-03-04,Meals,300\nAda,2026-03-02,Meals,20\n"
)
VALUES = {
    "cic_Site": SITE,
    "cic_Library": LIBRARY,
    "cic_Recipients": "sales@contoso.example",
    "cic_Maker": "maker@contoso.example",
    "cic_Approver": "manager@contoso.example",
}
PARAMETERS = {
    f"{variable.display_name} ({variable.schema_name})": VALUES[variable.schema_name]
    for variable in ENVIRONMENT_VARIABLES
    if variable.schema_name in VALUES
}
FLOWS = {flow.folder: Flow.read(flow.source) for flow in ALL_FLOWS}


@dataclass
class Tenant:
    """A site, a mailbox and an approver, and the connector in between."""

    site: Path
    storage: Storage
    outlook: Outlook = field(default_factory=Outlook)
    approvals: Approvals = field(default_factory=Approvals)

    def __post_init__(self) -> None:
        for source in CODE.glob("*.py"):
            self.put("/Shared Documents/Code", source.name, source.read_text())
        for folder in ("Sales", "Incoming", "Cleaned", "Expenses/Submitted", "Expenses/Approved"):
            (self.site / "Shared Documents" / folder).mkdir(parents=True)
        self.downloads = Downloads(self.site, self._imports)
        self.sharepoint = SharePoint(self.site, download_url=self.downloads.url_of)

    def put(self, folder: str, name: str, text: str) -> None:
        target = self.site / folder.strip("/")
        target.mkdir(parents=True, exist_ok=True)
        (target / name).write_text(text, encoding="utf-8")

    def files(self, folder: str) -> dict[str, str]:
        found = sorted((self.site / "Shared Documents" / folder).iterdir())
        return {path.name: path.read_text(encoding="utf-8") for path in found}

    def play(self, name: str, api: Api, arrived: str | None = None, *, polls: bool = True, **options: Any) -> Played:
        """Play a flow once, because a file has arrived, or at its time."""
        flow = options.pop("flow", FLOWS[name])
        player = Player(
            flow,
            {
                "codeinterpreter": ImportsFromSharePoint(api.url, {}, self.downloads),
                "sharepointonline": self.sharepoint,
                "office365": self.outlook,
                "approvals": self.approvals,
            },
            {title: value for title, value in PARAMETERS.items() if title in flow.parameters},
            connector_polls=polls,
            longest_pause_seconds=0.5,
            **options,
        )
        return player.play(self.sharepoint.new_file(arrived) if arrived else None)

    def _imports(self, name: str, content: bytes) -> str:
        self.storage.put(name, content)
        return f"{self.storage.server.container_url('imports')}/{name}"


@pytest.fixture
def tenant(tmp_path: Path, storage: Storage) -> Tenant:
    return Tenant(tmp_path, storage)


@pytest.fixture(scope="module")
def impatient_api(emulator: Any, storage: Storage, running_connector: Any) -> Iterator[Api]:
    """A connector that waits for a second, after which runs are a 202."""
    with running_connector(**emulator.environment, **storage.environment, CALLER_WAIT_SECONDS="1") as connector:
        yield connector


# ---- scheduled_report


def report_sales(tenant: Tenant) -> None:
    for name, text in SALES.items():
        tenant.put("/Shared Documents/Sales", name, text)


def test_report_is_mailed(tenant, api_with_storage):
    """The mail has the totals as a table, the chart as an attachment, and a link to it, which opens without a key."""
    report_sales(tenant)
    played = tenant.play("scheduled_report", api_with_storage)
    assert played.status == "Succeeded", played.statuses()
    (mail,) = tenant.outlook.mails
    assert mail.to == "sales@contoso.example"
    assert re.findall(r"<t[hd]>(.*?)</t[hd]>", mail.body) == ["Category", "Price"] + [
        "Fiction",
        "22.40",
        "Travel",
        "20.00",
    ]
    assert "Files: 2." in mail.body and "3 sales, 42.40 in total" in mail.body
    ((name, content),) = [(attachment.name, attachment.content) for attachment in mail.attachments]
    assert name == "chart.png" and content.startswith(PNG)
    (link,) = re.findall('href="([^"]*)"', mail.body)
    assert requests.get(link, timeout=30).content == content
    assert played.actions["End_session"].status == "Succeeded"


def test_report_without_storage_has_no_link(tenant, api):
    """A link that ends with the session is not mailed."""
    report_sales(tenant)
    assert tenant.play("scheduled_report", api).status == "Succeeded"
    (mail,) = tenant.outlook.mails
    assert mail.attachments[0].content.startswith(PNG) and "href" not in mail.body


def test_no_files_make_no_report(tenant, api_with_storage):
    """The maker is told; no session is started."""
    played = tenant.play("scheduled_report", api_with_storage)
    assert (played.status, played.actions["Run_code"].status) == ("Succeeded", "Skipped")
    (mail,) = tenant.outlook.mails
    assert (mail.to, mail.subject) == ("maker@contoso.example", "No files for the sales report")
    assert played.actions["End_session"].status == "Skipped"


def test_missing_code_is_a_failed_run(tenant, api_with_storage):
    """A step that fails ends the run as Failed, after a mail to the maker with a link to the run."""
    report_sales(tenant)
    (tenant.site / "Shared Documents" / "Code" / "sales_report.py").unlink()
    played = tenant.play("scheduled_report", api_with_storage)
    assert (played.status, played.error["code"]) == ("Failed", "ReportFailed")
    (mail,) = tenant.outlook.mails
    assert mail.to == "maker@contoso.example" and "a step of the flow failed" in mail.body
    (link,) = re.findall('href="([^"]*)"', mail.body)
    assert re.fullmatch(r"https://make\.powerautomate\.com/environments/[^/]+/flows/[^/]+/runs/[^/]+", link)
    assert failed_by_themselves(played) == ["Get_code"]


def test_missing_chart_is_a_failed_run(tenant, api_with_storage):
    """The maker is told, and the session ends."""
    report_sales(tenant)
    tenant.put("/Shared Documents/Code", "sales_report.py", "[{'Category': 'Travel', 'Price': 20}]")
    played = tenant.play("scheduled_report", api_with_storage)
    assert (played.status, failed_by_themselves(played)) == ("Failed", ["Get_chart"])
    assert [mail.to for mail in tenant.outlook.mails] == ["maker@contoso.example"]
    assert session_has_ended(played)


@pytest.mark.parametrize("polls", [True, False], ids=["gateway polls", "gateway does not poll"])
def test_long_run_is_waited_for(tenant, impatient_api, polls):
    """A run that takes longer than its call waits is polled: by the gateway, or else by the flow."""
    report_sales(tenant)
    code = tenant.files("Code")["sales_report.py"]
    tenant.put("/Shared Documents/Code", "sales_report.py", f"import time\ntime.sleep(1.2)\n{code}")
    played = tenant.play("scheduled_report", impatient_api, polls=polls)
    assert played.status == "Succeeded", played.statuses()
    assert played.actions["Until_it_has_ended"].status == ("Skipped" if polls else "Succeeded")
    (mail,) = tenant.outlook.mails
    assert "3 sales, 42.40 in total" in mail.body and mail.attachments


def session_has_ended(played: Played) -> bool:
    return any(name.startswith("End_session") and played.actions[name].status == "Succeeded" for name in played.actions)


def failed_by_themselves(played: Played) -> list[str]:
    """The red signs that a maker has to look at."""
    return [
        name for name, result in played.actions.items() if result.status == "Failed" and result.code != "ActionFailed"
    ]


FAILING = {
    "scheduled_report": ("sales_report.py", None),
    "clean_up_file": ("clean_up.py", "/Shared Documents/Incoming/january.csv"),
    "approve_expenses": ("check_expenses.py", "/Shared Documents/Expenses/Submitted/january.csv"),
}


@pytest.mark.parametrize("name", FAILING)
def test_failed_code_is_mailed_to_the_maker(tenant, api_with_storage, name):
    """With the error and the hint, as text: nothing of it is HTML. The run has done what it should."""
    code, arrived = FAILING[name]
    report_sales(tenant)
    for folder in ("Incoming", "Expenses/Submitted"):
        tenant.put(f"/Shared Documents/{folder}", "january.csv", SALES["january.csv"])
    tenant.put("/Shared Documents/Code", code, "print('<b>1 & 2</b>')\nimport seaborne")
    played = tenant.play(name, api_with_storage, arrived)
    assert played.status == "Succeeded", played.statuses()
    (mail,) = tenant.outlook.mails
    assert mail.to == "maker@contoso.example"
    assert "The code ended as Failed." in mail.body and "ModuleNotFoundError: No module named 'seaborne'" in mail.body
    assert "is not installed in this session" in mail.body
    assert f"{code}, in the folder /Shared Documents/Code" in mail.body
    assert session_has_ended(played)
    assert "&lt;b>1 &amp; 2&lt;/b>" in mail.body
    assert not any(path.is_file() for path in (tenant.site / "Shared Documents/Cleaned").iterdir())


# ---- clean_up_file

CONTACTS = "Name ; City\n Ada  Lovelace;London\n;\nAda Lovelace;London\n"


def test_cleaned_file_is_put_into_the_other_folder(tenant, api_with_storage):
    """The file is imported by its download URL, cleaned, and put back under its name."""
    tenant.put("/Shared Documents/Incoming", "my contacts.csv", CONTACTS)
    played = tenant.play("clean_up_file", api_with_storage, "/Shared Documents/Incoming/my contacts.csv")
    assert played.status == "Succeeded", played.statuses()
    assert tenant.files("Cleaned") == {"my contacts_cleaned.csv": "Name,City\nAda Lovelace,London\n"}
    assert (tenant.outlook.mails, played.actions["End_session"].status) == ([], "Succeeded")


def test_link_to_a_large_result_is_mailed(tenant, api_with_storage):
    """What SharePoint's action does not take is not downloaded: a link to it is mailed, which opens without a key."""
    tenant.put("/Shared Documents/Incoming", "contacts.csv", CONTACTS)
    document = json.loads(FLOWS["clean_up_file"].path.read_text(encoding="utf-8"))
    clean_up = document["properties"]["definition"]["actions"]["Clean_up"]["actions"]
    assert clean_up["Largest_file"]["inputs"] == 90_000_000
    clean_up["Largest_file"]["inputs"] = 20
    flow = Flow.of(document)
    played = tenant.play("clean_up_file", api_with_storage, "/Shared Documents/Incoming/contacts.csv", flow=flow)
    assert played.status == "Succeeded", played.statuses()
    (mail,) = tenant.outlook.mails
    assert (mail.to, tenant.files("Cleaned")) == ("sales@contoso.example", {})
    assert re.search(r"until \d{4}-\d\d-\d\d \d\d:\d\d UTC", mail.body)
    (link,) = re.findall('href="([^"]*)"', mail.body)
    assert requests.get(link, timeout=30).text == "Name,City\nAda Lovelace,London\n"
    assert session_has_ended(played)


def test_long_clean_up_is_waited_for(tenant, impatient_api):
    """As for the report, without the gateway."""
    tenant.put("/Shared Documents/Incoming", "contacts.csv", CONTACTS)
    code = tenant.files("Code")["clean_up.py"]
    tenant.put("/Shared Documents/Code", "clean_up.py", f"import time\ntime.sleep(1.2)\n{code}")
    played = tenant.play("clean_up_file", impatient_api, "/Shared Documents/Incoming/contacts.csv", polls=False)
    assert played.status == "Succeeded", played.statuses()
    assert list(tenant.files("Cleaned")) == ["contacts_cleaned.csv"]


def test_file_that_cannot_be_imported_is_a_failed_run(tenant, api_with_storage):
    """The maker is told, and nothing is put back."""
    tenant.put("/Shared Documents/Incoming", "contacts.csv", CONTACTS)
    tenant.sharepoint = SharePoint(tenant.site, download_url=lambda _: "https://contoso.sharepoint.com/no")
    played = tenant.play("clean_up_file", api_with_storage, "/Shared Documents/Incoming/contacts.csv")
    assert (played.status, played.error["code"]) == ("Failed", "CleanUpFailed")
    assert failed_by_themselves(played) == ["Import_file"]
    assert [mail.to for mail in tenant.outlook.mails] == ["maker@contoso.example"]


# ---- approve_expenses


def decide(tenant: Tenant, api: Api, text: str, **options: Any) -> Played:
    tenant.put("/Shared Documents/Expenses/Submitted", "march.csv", text)
    return tenant.play("approve_expenses", api, "/Shared Documents/Expenses/Submitted/march.csv", **options)


def rows_of(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(text.splitlines()))


def test_approved_expenses_are_put_into_the_folder(tenant, api_with_storage):
    """The approver sees the findings as a table in Markdown; the list is kept with what was found."""
    played = decide(tenant, api_with_storage, EXPENSES)
    assert played.status == "Succeeded", played.statuses()
    (approval,) = tenant.approvals.approvals
    assert approval.assigned_to == "manager@contoso.example" and "march.csv" in approval.title
    assert approval.details.splitlines() == [
        "2 of 4 entries are unusual: 320.00 of 365.00 in total.",
        "",
        "| Employee | Date | Category | Amount | Finding |",
        "|---|---|---|---|---|",
        "| Ada | 2026-03-02 | Meals | 20.00 | twice |",
        "| Cy | 2026-03-04 | Meals | 300.00 | 13.3 times the median |",
    ]
    ((name, text),) = tenant.files("Expenses/Approved").items()
    assert re.fullmatch(r"approved_\d{4}-\d\d-\d\d_\d{6}_march\.csv", name)
    assert [row["finding"] for row in rows_of(text)] == ["", "", "13.3 times the median", "twice"]
    assert tenant.outlook.mails == []


def test_expenses_of_another_format(tenant, api_with_storage):
    """With the format and the names that the code is told; dates with points are no numbers."""
    code = tenant.files("Code")["check_expenses.py"]
    code = code.replace('FORMAT = {"sep": ","}', 'FORMAT = {"sep": ";", "decimal": ",", "thousands": "."}')
    tenant.put("/Shared Documents/Code", "check_expenses.py", code.replace('["date",', '["Datum",'))
    text = "Datum;category;amount\n01.03.2026;Meals;20,00\n02.03.2026;Meals;22,50\n07.03.2026;Meals;1.200,00\n"
    assert decide(tenant, api_with_storage, text).status == "Succeeded"
    (approval,) = tenant.approvals.approvals
    *_, row = approval.details.splitlines()
    assert row == "|  | 07.03.2026 | Meals | 1,200.00 | 53.3 times the median and a round amount on a Saturday |"


def test_findings_stay_in_their_cells(tenant, api_with_storage):
    """A cell of the table in Markdown that has a line as the table has them, and one that is empty."""
    text = EXPENSES.replace("Cy,2026-03-04,Meals", ",2026-03-04,Meals").replace("Meals", "Meals | drinks")
    assert decide(tenant, api_with_storage, text).status == "Succeeded"
    (approval,) = tenant.approvals.approvals
    *_, row = approval.details.splitlines()
    assert row == "|  | 2026-03-04 | Meals / drinks | 300.00 | 13.3 times the median |"


def test_rejection_without_an_author_goes_to_the_maker(tenant, api_with_storage):
    """Such as of a file that a program has put into the folder."""
    tenant.approvals = Approvals("Reject")
    tenant.put("/Shared Documents/Expenses/Submitted", "march.csv", EXPENSES)
    path = "/Shared Documents/Expenses/Submitted/march.csv"
    arrived = json.loads(json.dumps(tenant.sharepoint.new_file(path)).replace('"Email"', '"None"'))
    tenant.sharepoint.new_file = lambda _: arrived  # type: ignore[method-assign]
    assert tenant.play("approve_expenses", api_with_storage, path).status == "Succeeded"
    assert [mail.to for mail in tenant.outlook.mails] == ["maker@contoso.example"]


def test_rejected_expenses_are_mailed_to_their_author(tenant, api_with_storage):
    """With the findings and the comment; the list is not kept."""
    tenant.approvals = Approvals("Reject", comments="Which <client>?")
    assert decide(tenant, api_with_storage, EXPENSES).status == "Succeeded"
    (mail,) = tenant.outlook.mails
    assert mail.to == "ada@contoso.example" and "Which &lt;client>?" in mail.body
    assert "13.3 times the median" in mail.body
    assert tenant.files("Expenses/Approved") == {}


def test_unremarkable_expenses_need_no_approval(tenant, api_with_storage):
    """Nobody is asked."""
    assert decide(tenant, api_with_storage, "\n".join(EXPENSES.splitlines()[:3])).status == "Succeeded"
    assert tenant.approvals.approvals == [] and tenant.outlook.mails == []
    (name,) = tenant.files("Expenses/Approved")
    assert name.startswith("nothing-found_")


def test_long_check_is_waited_for(tenant, impatient_api):
    """As for the report, without the gateway."""
    code = tenant.files("Code")["check_expenses.py"]
    tenant.put("/Shared Documents/Code", "check_expenses.py", f"import time\ntime.sleep(1.2)\n{code}")
    assert decide(tenant, impatient_api, EXPENSES, polls=False).status == "Succeeded"
    assert len(tenant.approvals.approvals) == 1


def test_no_answer_is_a_failed_run(tenant, api_with_storage):
    """After the time for an answer, the maker is told."""
    tenant.approvals.failures.append(Response(408, {}, b""))
    tenant.approvals.failures.extend([Response(408, {}, b"")] * 20)
    played = decide(tenant, api_with_storage, EXPENSES)
    assert (played.status, played.error["code"]) == ("Failed", "ExpensesNotDecided")
    assert failed_by_themselves(played) == ["Start_and_wait_for_an_approval"]
    assert [mail.to for mail in tenant.outlook.mails] == ["maker@contoso.example"]
    assert tenant.files("Expenses/Approved") == {}
