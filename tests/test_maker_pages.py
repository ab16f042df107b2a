"""The pages for makers hold: names of actions and fields, error codes, messages, expressions, and what is built by hand."""

import base64
import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from connector.contract.makers import makers_document
from connector.errors import ConnectorError
from tests.conftest import Api
from tests.markdown import section, table
from workflow_player.flow import Flow
from workflow_player.player import Player
from workflow_player.results import Played
from workflow_player.services.code_interpreter import CodeInterpreter
from workflow_player.services.operations import Service
from workflow_player.services.outlook import Outlook
from workflow_player.services.sharepoint import SITE, SharePoint

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
PAGES = {
    name: (DOCS / f"{name}.md").read_text(encoding="utf-8")
    for name in ("power-automate", "logic-apps", "logic-apps-standard", "copilot-studio", "migrating")
}
FOLLOWED = [name for name in PAGES if name != "migrating"]
"""Those with steps to follow."""

SECTIONS = [
    "What you need",
    "See it work first",
    "Steps",
    "If something fails",
    "Make it yours",
    "Limits",
    "Security",
    "What was tested",
]
MAKERS = makers_document(yaml.safe_load((ROOT / "openapi.yaml").read_text(encoding="utf-8")))
OPERATIONS = {
    operation["operationId"]: {
        **operation,
        "parameters": [*item.get("parameters", []), *operation.get("parameters", [])],
    }
    for item in MAKERS["paths"].values()
    for method, operation in item.items()
    if method != "parameters"
}
IDS = {operation["summary"]: operation_id for operation_id, operation in OPERATIONS.items()}
"""operationIds by what makers see."""

PNG = b"\x89PNG\r\n\x1a\n"


def fields(operation_id: str) -> dict[str, str]:
    """The name that makers see -> that in a flow."""
    found = {}
    for parameter in OPERATIONS[operation_id]["parameters"]:
        if "$ref" in parameter:
            parameter = MAKERS["parameters"][parameter["$ref"].rpartition("/")[2]]
        if parameter["in"] == "body":
            for name, schema in parameter["schema"]["properties"].items():
                found[schema["x-ms-summary"]] = f"body/{name}"
        else:
            found[parameter["x-ms-summary"]] = parameter["name"]
    return found


# ---- form


@pytest.mark.parametrize("name", FOLLOWED)
def test_page_has_the_sections_that_a_maker_looks_for(name):
    """In their order, after a question."""
    titles = re.findall(r"^## (.*)$", PAGES[name], re.MULTILINE)
    assert [title for title in titles if title in SECTIONS] == SECTIONS
    assert "?" in PAGES[name].split("\n## ")[0]


@pytest.mark.parametrize("name", FOLLOWED)
def test_each_step_says_how_one_sees_that_it_worked(name):
    """Every step under Steps has a sentence that begins with "You see"."""
    steps = section(PAGES[name], "Steps")
    parts = re.split(r"^(?:### |\d+\. \*\*)", steps, flags=re.MULTILINE)[1:]
    assert len(parts) >= 3
    for part in parts:
        assert (
            "**You see**" in part or "You see" in part or "Tell it how to work" in part or "Create an agent" in part
        ), part


@pytest.mark.parametrize("name", PAGES)
def test_page_states_that_it_was_not_tried(name):
    """No page lets one believe that it was followed in a tenant."""
    tested = section(PAGES[name], "What was tested")
    assert re.search(r"No solution was imported|Nothing was imported|No agent was imported|it was not called", tested)


# ---- names


@pytest.mark.parametrize("name", PAGES)
def test_codes_of_errors_are_those_of_the_connector(name):
    """With their HTTP status."""
    statuses = {error.__name__: error.status for error in _errors(ConnectorError)}
    named = re.findall(r"\b(\d{3}) `([A-Z]\w+)`", PAGES[name])
    assert all(statuses[code] == int(status) for status, code in named)
    assert named or name == "migrating"


def _errors(kind: type[ConnectorError]) -> list[type[ConnectorError]]:
    return [kind, *(found for inner in kind.__subclasses__() for found in _errors(inner))]


def test_actions_in_the_comparison_are_the_connectors():
    """docs/migrating.md names each action as makers see it, with its operationId."""
    for _, ours, _ in table(section(PAGES["migrating"], "What you change")):
        for title, operation_id in re.findall(r"\*([^*]+)\* \(`(\w+)`\)", ours):
            assert IDS[title] == operation_id


def test_outputs_in_the_comparison_exist():
    """Each output of this connector in docs/migrating.md is a member of the operation's response."""
    operation_id = ""
    lines = [line for line in section(PAGES["migrating"], "Outputs").splitlines() if line.startswith("|")]
    for _, _, _, named, output, _ in (re.split(r"\s*\|\s*", line) for line in lines[2:]):
        named = named.strip("`")
        operation_id = named or operation_id
        schema = OPERATIONS[operation_id]["responses"]["200" if operation_id != "DeleteFile" else "204"].get(
            "schema", {}
        )
        for member in re.findall(r"`([\w.\[\]]+)`", output):
            if member in ("GetFile", "fileContent"):
                continue
            node = _resolved(schema)
            for part in re.findall(r"\w+", member):
                node = _resolved(node["items"] if part.isdigit() else node["properties"][part])


def _resolved(schema: dict[str, Any]) -> dict[str, Any]:
    return MAKERS["definitions"][schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema


def test_mcp_server_is_added_as_the_page_for_developers_says():
    """docs/copilot-studio.md has the fields of docs/agents.md."""
    agents = (DOCS / "agents.md").read_text(encoding="utf-8")
    assert table(PAGES["copilot-studio"].split("### 2.")[1]) == table(section(agents, "Copilot Studio"))


# ---- messages


def _quoted(page: str) -> list[str]:
    """The messages in the table of what fails, which the connector itself returns."""
    rows = table(section(page, "If something fails"))
    shown = [text for first, *_ in rows for text in re.findall(r'(?:`: |with )"([^"]+)"', first)]
    return [text for text in shown if "'...'" not in text]


def test_messages_of_the_connector_are_its_own(api):
    """What the tables quote is what the connector answers to these mistakes."""
    said = json.dumps([*_refused(api), *_failed(api)], ensure_ascii=False)
    said = json.loads(json.dumps(said)).replace('\\"', '"')
    quoted = [text for name in FOLLOWED for text in _quoted(PAGES[name])]
    assert len(quoted) >= 8
    for text in quoted:
        assert text in said, text


def _refused(api: Api) -> list[str]:
    session = api.execute("1")["sessionId"]
    calls = [
        ("GET", f"/files/chart.png/content?sessionId={session}", None),
        ("GET", "/files/chart.png/content?sessionId=", None),
        ("POST", "/files", {"files": [{"fileName": "a.csv", "fileContent": "Region,Amount\nNorth,3"}]}),
        ("POST", "/executions", {"code": "1"}),
        ("POST", "/imports", {"fileUrl": "https://contoso.sharepoint.com/a.csv"}),
    ]
    return [api.call(method, path, json=body).json()["error"]["message"] for method, path, body in calls]


def _failed(api: Api) -> list[str]:
    session = api.execute("open('a.csv', 'w').write('Region,Amount\\nNorth,3\\n')")["sessionId"]
    cp1252 = "open('u.csv', 'wb').write('Umsatz;Größe\\n1;2'.encode('cp1252'))\n"
    codes = [
        ("import pandas as pd\npd.read_csv('a.csv')['region']", 90),
        (f"{cp1252}import pandas as pd\npd.read_csv('u.csv')", 90),
        ("import seaborn", 90),
        ("import time\ntime.sleep(5)", 1),
    ]
    runs = [api.execute(code, session, timeoutInSeconds=seconds) for code, seconds in codes]
    return [str(run["error"]["hint"]) for run in runs]


# ---- docs/power-automate.md: Build it yourself

_OF_OTHERS = {
    "Get file content using path": ("shared_sharepointonline", "GetFileContentByPath"),
    "Send an email (V2)": ("shared_office365", "SendEmailV2"),
}
_NAMES = {
    "Site Address": "dataset",
    "File Path": "path",
    "Infer Content Type": "inferContentType",
    "To": "emailMessage/To",
    "Subject": "emailMessage/Subject",
    "Body": "emailMessage/Body",
}
"""Names of fields of Microsoft's connectors, and those in flows, as exported flows have them."""


def built_by_hand() -> Flow:
    """The flow that the table describes, as Power Automate saves it."""
    text = section(PAGES["power-automate"], "Build it yourself")
    code = re.findall(r"^```python\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)[0]
    said = {"your site": SITE, "your address": "ada@contoso.com", "the code below": code, "No": False}
    actions: dict[str, Any] = {}
    before: str | None = None
    for title, _, filled in table(text):
        named = [
            (name, value.strip("`"), value) for name, value in re.findall(r"\*\*([^*]+)\*\* (`[^`]+`|[^;]+)", filled)
        ]
        values = {name: said.get(written.strip(), plain) for name, plain, written in named}
        connection, operation_id, parameters = _parameters(title, values)
        name = title.replace(" ", "_")
        actions[name] = {
            "type": "OpenApiConnection",
            "runAfter": {before: ["Succeeded"]} if before else {},
            "inputs": {
                "host": {"connectionName": connection, "operationId": operation_id, "apiId": ""},
                "parameters": parameters,
                "authentication": "@parameters('$authentication')",
            },
        }
        before = name
    references = {
        name: {"api": {"name": name, "logicalName": "cic_codeinterpreter"} if "cic" in name else {"name": name}}
        for name in ("shared_sharepointonline", "shared_office365", "shared_cic-5fcodeinterpreter-5f1")
    }
    definition = {
        "$schema": "https://schema.management.azure.com/providers/Microsoft.Logic/schemas/2016-06-01/workflowdefinition.json#",
        "contentVersion": "1.0.0.0",
        "parameters": {"$connections": {"type": "Object"}, "$authentication": {"type": "SecureObject"}},
        "triggers": {"manual": {"type": "Request", "kind": "Button", "inputs": {"schema": {"type": "object"}}}},
        "actions": actions,
    }
    return Flow.of(
        {"properties": {"connectionReferences": references, "definition": definition}, "schemaVersion": "1.0.0.0"}
    )


def _parameters(title: str, values: dict[str, Any]) -> tuple[str, str, dict[str, Any]]:
    if title in _OF_OTHERS:
        parameters = {_NAMES[name]: value for name, value in values.items() if not name.startswith("Attachments")}
        if "Attachments Name" in values:
            attached = {"Name": values["Attachments Name"], "ContentBytes": values["Attachments Content"]}
            parameters["emailMessage/Attachments"] = [attached]
        return (*_OF_OTHERS[title], parameters)
    operation_id = IDS[title]
    if operation_id == "UploadFile":
        file = {"fileName": values["File Name"], "fileContent": values["File Content"]}
        return "shared_cic-5fcodeinterpreter-5f1", operation_id, {"body/files": [file]}
    known = fields(operation_id)
    return "shared_cic-5fcodeinterpreter-5f1", operation_id, {known[name]: value for name, value in values.items()}


def play(flow: Flow, *services: Service, **options: Any) -> Played:
    """With services that are known by the names of their APIs."""
    return Player(flow, {service.api: service for service in services}, longest_pause_seconds=0.2, **options).play({})


def test_flow_built_by_hand_mails_the_chart(api, tmp_path):
    """The steps of the table, in their order, end with one sentence and a picture in a mail, and no session."""
    sales = tmp_path / "Shared Documents" / "Sales"
    sales.mkdir(parents=True)
    (sales / "auction_sales.csv").write_bytes((DOCS / "recipes/data/auction_sales.csv").read_bytes())
    outlook, connector = Outlook(), CodeInterpreter(api.url, {})
    played = play(built_by_hand(), connector, SharePoint(tmp_path), outlook)
    assert played.status == "Succeeded", played.statuses()
    (mail,) = outlook.mails
    assert re.search(r"^[\d,]+ sales, [\d,.]+ in total$", mail.body.strip())
    assert [(found.name, found.content[:8]) for found in mail.attachments] == [("chart.png", PNG)]
    session = played.actions["Upload_files_to_a_session"].outputs["body"]["sessionId"]
    assert api.call("GET", f"/sessions/{session}").status_code == 404


# ---- docs/migrating.md


def test_expressions_after_the_move_give_what_they_say(api):
    """The column After, evaluated on responses of the running connector."""
    rows = table(section(PAGES["migrating"], "Expressions"))
    after = {purpose: new if new != "the same" else old for purpose, old, new in rows}
    upload = api.call(
        "POST", "/files", json={"files": [{"fileName": "a.txt", "fileContent": base64.b64encode(b"abc").decode()}]}
    )
    session = upload.json()["sessionId"]
    chart = "import matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.savefig('chart.png')\nprint('done')\n{'total': 7}"
    values = {
        "Upload": upload.json(),
        "Run_code": api.execute(chart, session, includeContent="never"),
        "Get_file": api.call("GET", f"/files/chart.png?sessionId={session}").json(),
    }
    got = {purpose: _evaluated(text, values) for purpose, text in after.items()}
    assert got["the printed text"] == ["done\n"]
    assert got["the value of the last line, as text"] == ["{'total': 7}"]
    assert got["a member of that value"] == [7]
    assert got["whether the code failed"] == [False]
    assert got["the session for the next action"] == [session]
    assert got["the name of the uploaded file"] == ["a.txt"]
    assert got["its size"] == [3]
    assert got["whether there is a chart"] == [True]
    assert base64.b64decode(got["the content, for an attachment"][-1]).startswith(PNG)
    values["Run_code"] = api.execute("1 / 0", session)
    assert _evaluated(after["whether the code failed"], values) == [True]
    assert _evaluated(after["why it failed"], values)[0] == "division by zero"


def _evaluated(text: str, bodies: dict[str, Any]) -> list[Any]:
    """The values of the complete expressions in a cell, whose actions have these bodies."""
    found = (
        [text] if text.startswith("@") else re.findall(r"`(@[^`]+)`", text)
    )  # a cell that is only code has no backticks
    wanted = [expression for expression in found if "body('Download')" not in expression]
    compose = {name: {"type": "Compose", "inputs": {"body": body}, "runAfter": {}} for name, body in bodies.items()}
    actions: dict[str, Any] = dict(compose)
    for place, expression in enumerate(wanted):
        read = re.sub(r"body\('(\w+)'\)", r"outputs('\1')?['body']", expression)
        actions[f"value_{place}"] = {
            "type": "Compose",
            "inputs": read,
            "runAfter": {name: ["Succeeded"] for name in compose},
        }
    trigger = {"manual": {"type": "Request", "kind": "Http", "inputs": {"schema": {}}}}
    flow = Flow.of({"definition": {"triggers": trigger, "actions": actions}, "parameters": {}})
    played = play(flow)
    assert played.status == "Succeeded", played.error
    return [played.actions[f"value_{place}"].outputs for place in range(len(wanted))]
