"""The flow of docs/power-automate.md that one builds by hand, made of the page's table and played, mails a chart."""

import re
from typing import Any

from tests.maker_pages.pages import DOCS, IDS, PAGES, PNG, fields, play
from tests.markdown import section, table
from workflow_player.flow import Flow
from workflow_player.services.code_interpreter import CodeInterpreter
from workflow_player.services.outlook import Outlook
from workflow_player.services.sharepoint import SITE, SharePoint

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
