"""Actions that the pages show as JSON are played: with the built-in connector, with the custom one, and over HTTP."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.conftest import Api, Emulator
from tests.maker_pages.pages import PAGES, PNG, play
from tests.markdown import section
from workflow_player.flow import Flow
from workflow_player.services.acasession import AcaSession
from workflow_player.services.code_interpreter import CodeInterpreter

CONNECTIONS = {
    "serviceProviderConnections": {"acasession": {"serviceProvider": {"id": "/serviceProviders/acasession"}}},
    "managedApiConnections": {
        "codeinterpreter": {"api": {"id": "/subscriptions/1/providers/Microsoft.Web/customApis/code-interpreter"}}
    },
}
CHART = "import matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.savefig('/mnt/data/chart.png')"


def blocks(page: str, title: str) -> list[Any]:
    """The JSON blocks of a section, which may be indented."""
    found = re.findall(r"^ *```json\n(.*?)^ *```$", section(page, title), re.MULTILINE | re.DOTALL)
    return [json.loads(block) for block in found]


BEFORE, CUSTOM, HTTP = blocks(PAGES["migrating"], "Expressions")
(SHARE,) = blocks(PAGES["logic-apps-standard"], "Beside it")


def played(actions: dict[str, Any], folder: Path, api: Api, emulator: Emulator) -> dict[str, Any]:
    """The bodies of the actions of a workflow of a Standard project, by name."""
    parameters = {"connectorUrl": {"value": api.url}, "functionKey": {"value": api.key or ""}}
    (folder / "connections.json").write_text(json.dumps(CONNECTIONS))
    (folder / "parameters.json").write_text(
        json.dumps({name: {"type": "String", **each} for name, each in parameters.items()})
    )
    trigger = {"manual": {"type": "Request", "kind": "Http", "inputs": {"schema": {}}}}
    workflow = {"definition": {"triggers": trigger, "actions": actions}, "kind": "Stateful"}
    flow = Flow.of(workflow, folder / "Workflow" / "workflow.json")
    acasession = AcaSession(emulator.pool.endpoint, lambda: emulator.authority.issue()[0])
    headers = {"x-functions-key": api.key} if api.key else {}
    result = play(flow, acasession, CodeInterpreter(api.url, headers))
    assert result.status == "Succeeded", result.error
    return {name: action.outputs["body"] for name, action in result.actions.items()}


def upload(action: dict[str, Any]) -> dict[str, Any]:
    """An upload with the same connector as an action, whose session the action continues."""
    files = [{"fileName": "a.txt", "fileContent": "YWJj"}]
    if action is BEFORE:
        configuration = {**BEFORE["inputs"]["serviceProviderConfiguration"], "operationId": "fileUpload"}
        return {**BEFORE, "inputs": {"parameters": {"files": files}, "serviceProviderConfiguration": configuration}}
    inputs = dict(action["inputs"], body={"files": files})
    for name in {"path", "uri"} & inputs.keys():
        inputs[name] = inputs[name].replace("/executions", "/files")
    return {**action, "inputs": inputs}


@pytest.mark.parametrize("action", [BEFORE, CUSTOM, HTTP], ids=["before", "custom connector", "http"])
def test_action_before_and_after_the_move_prints_the_same(action, api_with_key, emulator, tmp_path):
    """docs/migrating.md: each form of the action continues the session of an upload, and prints 42."""
    if action is CUSTOM:  # as the page says of Standard
        action = json.loads(json.dumps(CUSTOM))
        action["inputs"]["host"]["connection"] = {"referenceName": "codeinterpreter"}
    actions = {"Upload": upload(action), "Run_code": {**action, "runAfter": {"Upload": ["Succeeded"]}}}
    bodies = played(actions, tmp_path, api_with_key, emulator)
    assert bodies["Run_code"]["stdout"] == "42\n"
    assert bodies["Run_code"]["sessionId"] == bodies["Upload"]["sessionId"]


def test_link_beside_the_built_in_connector(api_with_key, emulator, tmp_path):
    """docs/logic-apps-standard.md: the built-in connector draws the chart, and this one links to it, in one session."""
    run = {**BEFORE, "inputs": {**BEFORE["inputs"], "parameters": {"pythonCode": CHART}}}
    bodies = played({"Execute_Python_code": run, "Share_chart": SHARE}, tmp_path, api_with_key, emulator)
    assert requests.get(bodies["Share_chart"]["fileUrl"], timeout=30).content.startswith(PNG)
    assert bodies["Share_chart"]["expirationTime"]
