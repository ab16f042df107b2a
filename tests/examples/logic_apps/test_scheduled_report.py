"""The scheduled report mails what the code in the library makes of the files in the folder."""

from pathlib import Path
from typing import Any

import pytest
import requests

from tests.examples.logic_apps.flows import CODE, FOLDER, PNG, connector, counts, files, link_in, player, ran, visible
from workflow_player.messages import Request, Response
from workflow_player.services.code_interpreter import CodeInterpreter
from workflow_player.services.outlook import Mail, Outlook
from workflow_player.services.sharepoint import SharePoint

CONSUMPTION = files("scheduled_report")["consumption"]
SALES = {"east.csv": "Category,Price\nBooks,42\nTapes,17\n", "west & more.csv": "Category,Price\nBooks,8\n"}
NAME_ERROR = "print(sale)"


@pytest.fixture(params=["consumption", "standard"])
def flow(request: pytest.FixtureRequest) -> Path:
    return files("scheduled_report")[request.param]


class Library(SharePoint):
    """A site with files in the folder of the report, and the code."""

    def __init__(self, site: Path, sales: dict[str, str] = SALES, code: str | None = None) -> None:
        super().__init__(site)
        folder, of_code = site / "Shared Documents" / "Sales", site / "Shared Documents" / "Code"
        folder.mkdir(parents=True)
        (folder / "Archive").mkdir()
        of_code.mkdir()
        for name, content in sales.items():
            (folder / name).write_text(content)
        (of_code / "sales_report.py").write_text(code or (CODE / "sales_report.py").read_text(encoding="utf-8"))


def session_status(service: CodeInterpreter, session_id: str) -> int:
    return service.send(Request.of("get", f"/sessions/{session_id}", {}, {}, None), 30).status


def only_mail(outlook: Outlook) -> Mail:
    (mail,) = outlook.mails
    return mail


def test_mail_has_totals_picture_and_link(api_with_storage, flow, tmp_path):
    """The mail shows the totals and the chart, which is attached, and has a link that opens without a key."""
    outlook, service = Outlook(), connector(api_with_storage)
    played = player(flow, service, Library(tmp_path), outlook).play()
    assert played.status == "Succeeded"
    mail = only_mail(outlook)
    assert mail.to == "team@YOUR-DOMAIN"
    assert "3 sales, 67.00 in total" in mail.body and "<td>Books</td><td>50.00</td>" in mail.body
    assert 'src="cid:chart.png"' in mail.body
    (chart,) = mail.attachments
    assert (chart.name, chart.content[:8]) == ("chart.png", PNG)
    assert requests.get(link_in(mail), timeout=30).content == chart.content
    assert session_status(service, played.actions["Session_ID"].outputs) == 404


def test_link_of_a_connector_without_storage_is_not_mailed(api_with_key, flow, tmp_path):
    """Such a link would end with the session: the mail has the picture alone."""
    outlook = Outlook()
    player(flow, connector(api_with_key), Library(tmp_path), outlook).play()
    assert "<a href" not in only_mail(outlook).body
    assert only_mail(outlook).attachments


def test_code_that_fails_is_reported_to_the_maker(api_with_key, flow, tmp_path):
    """The maker gets the error with its hint, instead of a report to the others; run and session end, as failed."""
    outlook, service = Outlook(), connector(api_with_key)
    code = "import pandas as pd\nprint('a < b')\npd.read_csv('/mnt/data/missing.csv')"
    played = player(flow, service, Library(tmp_path, code=code), outlook).play()
    assert (played.status, (played.error or {})["code"]) == ("Failed", "ReportFailed")
    mail = only_mail(outlook)
    assert (mail.to, mail.subject) == ("you@YOUR-DOMAIN", "The report failed")
    error = played.actions["Run_code"].outputs["body"]["error"]
    assert error["message"] in mail.body and "a &lt; b" in mail.body
    assert error["hint"].partition("&")[0].partition("<")[0] in mail.body
    assert session_status(service, played.actions["Session_ID"].outputs) == 404


def test_code_without_a_chart_is_reported_to_the_maker(api_with_key, tmp_path):
    """The maker learns which file the code has not saved, and which ones there are."""
    outlook = Outlook()
    played = player(CONSUMPTION, connector(api_with_key), Library(tmp_path, code="print(1)"), outlook).play()
    assert played.status == "Failed"
    assert (only_mail(outlook).to, only_mail(outlook).subject) == ("you@YOUR-DOMAIN", "The report failed")
    assert "chart.png" in only_mail(outlook).body


def test_file_without_content(api_with_key, tmp_path):
    """The code says what is wrong with the file, as with any other."""
    outlook = Outlook()
    player(CONSUMPTION, connector(api_with_key), Library(tmp_path, sales={"empty.csv": ""}), outlook).play()
    assert "The file is empty" in only_mail(outlook).body


@pytest.mark.parametrize("last_line", ["42", "[1, 2]", "None"])
def test_code_without_rows_makes_no_table(api_with_key, last_line, tmp_path):
    """A report may be what the code prints, and its chart, alone."""
    outlook = Outlook()
    chart = "import matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.savefig('/mnt/data/chart.png')"
    code = f"{chart}\nprint('Up')\n{last_line}"
    played = player(CONSUMPTION, connector(api_with_key), Library(tmp_path, code=code), outlook).play()
    assert played.status == "Succeeded"
    assert "Up" in only_mail(outlook).body and "<td>" not in only_mail(outlook).body


@pytest.mark.parametrize("polls", [True, False], ids=["the gateway polls", "the gateway does not poll"])
def test_run_that_takes_longer_than_its_call(emulator, running_connector, polls, tmp_path):
    """Whether or not the gateway polls a 202, the mail has the result of the run."""
    outlook = Outlook()
    with running_connector(**emulator.environment, CALLER_WAIT_SECONDS="0") as api:
        played = player(CONSUMPTION, connector(api), Library(tmp_path), outlook, connector_polls=polls).play()
    assert "<td>Books</td><td>50.00</td>" in only_mail(outlook).body
    assert (played.actions["Run_code"].polls > 0) == polls
    assert ("Get_run" in ran(played)) != polls


def test_empty_folder(api_with_key, flow, tmp_path):
    """The maker is told that there are no files; no session is used."""
    outlook = Outlook()
    played = player(flow, connector(api_with_key), Library(tmp_path, sales={}), outlook).play()
    assert played.status == "Succeeded"
    assert only_mail(outlook).subject == "No files for the report"
    assert not {"Run_code", "End_session"} & ran(played).keys()


def test_folder_that_is_missing(api_with_key, flow, tmp_path):
    """The maker gets a mail with the name of the run, and the run fails."""
    outlook = Outlook()
    played = player(flow, connector(api_with_key), SharePoint(tmp_path), outlook).play()
    assert (played.status, (played.error or {})["code"]) == ("Failed", "ReportFailed")
    assert "The run history shows which step failed" in only_mail(outlook).body


class LosesResponses(CodeInterpreter):
    """The first response of a run gets lost on its way: the caller sees a 502."""

    lost: Response | None = None

    def send(self, request: Request, seconds: float) -> Response:
        response = super().send(request, seconds)
        if request.url == "/executions" and not self.lost:
            self.lost = response
            return Response(502)
        return response


def test_repeated_step_does_not_run_code_twice(api_with_key, tmp_path):
    """If the response of a run is lost, the step is repeated, and gets the same run."""
    service = LosesResponses(api_with_key.url, {"x-functions-key": api_with_key.key})
    code = "with open('/mnt/data/runs.txt', 'a') as runs:\n    runs.write('x')\n1 / 0"
    played = player(CONSUMPTION, service, Library(tmp_path, code=code), Outlook()).play()
    run = played.actions["Run_code"]
    assert run.attempts == 2
    assert service.lost and run.outputs["body"]["executionId"] in service.lost.body.decode()


def test_run_history_hides_secrets(api_with_storage, flow, tmp_path):
    """Neither the ID of the session, nor the link, nor what the files contain."""
    outlook = Outlook()
    played = player(flow, connector(api_with_storage), Library(tmp_path), outlook).play()
    shown = visible(played, flow)
    assert "west & more.csv" in shown
    for secret in (played.actions["Session_ID"].outputs, link_in(only_mail(outlook)), "Tapes", "chart.png;base64"):
        assert secret not in shown


def test_readme_states_what_a_run_takes(api_with_storage, tmp_path):
    """The number of actions, as played, for a report of two files."""
    played: Any = player(CONSUMPTION, connector(api_with_storage), Library(tmp_path), Outlook()).play()
    readme = (FOLDER / "scheduled_report" / "README.md").read_text(encoding="utf-8")
    assert f"A report of two files: {counts(played)}." in readme
