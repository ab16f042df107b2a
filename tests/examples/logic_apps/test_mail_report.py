"""The workflow that mails a report calls the connector as openapi.yaml defines, and its link opens without a key."""

import json
import re
from pathlib import Path

import pytest
import requests
from jsonschema import Draft202012Validator

from connector.contract.validation import Contract
from tests.conftest import emulated_storage
from workflow_player.flow import Flow
from workflow_player.order import run_order
from workflow_player.player import Player
from workflow_player.services.outlook import Outlook
from workflow_player.templates import expressions

EXAMPLE = Path(__file__).resolve().parents[3] / "examples" / "logic_apps" / "mail_report"
WORKFLOW = json.loads((EXAMPLE / "mail_report.json").read_text(encoding="utf-8"))
ACTIONS = WORKFLOW["definition"]["actions"]
CALLED = {"Import_sales": "ImportFile", "Draw_chart": "ExecutePythonCode", "Share_chart": "ShareFile"}
OPERATIONS = Contract(max_code_characters=262144).operations
PART_BYTES = 32 << 20
"""What the first call copies at least."""

SALES = b"region,amount\nNorth,42\nSouth,17\nNorth,8\n"
PNG = b"\x89PNG\r\n\x1a\n"


def test_workflow_is_valid():
    """It has the form that the language requires, and its expressions name actions and parameters that exist."""
    schema = json.loads(Path(__file__).with_name("workflow.schema.json").read_text(encoding="utf-8"))
    Draft202012Validator(schema).validate(WORKFLOW)
    assert run_order(ACTIONS) == [*CALLED, "Send_report"]
    named = [call for text in expressions(WORKFLOW) for call in re.findall(r"(body|parameters)\('([^']*)'\)", text)]
    known = {"body": ACTIONS, "parameters": WORKFLOW["definition"]["parameters"]}
    assert named and all(name in known[function] for function, name in named)


@pytest.mark.parametrize(("action", "operation_id"), CALLED.items())
def test_action_calls_its_operation(action, operation_id):
    """Method, path and body of an action are those of its operation."""
    operation, inputs = OPERATIONS[operation_id], ACTIONS[action]["inputs"]
    path = inputs["uri"].removeprefix("@{parameters('connectorUrl')}").replace("chart.png", "{fileName}")
    assert (inputs["method"], path) == (operation.method, operation.path)
    operation.checked_body({**inputs["body"], "sessionId": "0123-session"})


def test_file_contains_no_key():
    """The key comes from a parameter without a value, and is hidden in the run history."""
    assert "functionKey" not in WORKFLOW["parameters"]
    assert "defaultValue" not in WORKFLOW["definition"]["parameters"]["functionKey"]
    for action in CALLED:
        assert ACTIONS[action]["inputs"]["headers"]["x-functions-key"] == "@{parameters('functionKey')}"
        assert ACTIONS[action]["runtimeConfiguration"] == {"secureData": {"properties": ["inputs"]}}


def test_readme_has_every_step():
    """It lists the trigger and the actions in order, and the parameters to set."""
    readme = (EXAMPLE / "README.md").read_text(encoding="utf-8")
    steps = re.findall(r"^([A-Z]\w+)  +\S", readme, re.MULTILINE)
    assert steps == [*WORKFLOW["definition"]["triggers"], *run_order(ACTIONS)]
    assert "`connectorUrl`" in readme and "`functionKey`" in readme


@pytest.mark.parametrize("padding", [0, PART_BYTES], ids=["a small file", "a file that takes polls"])
def test_workflow_mails_a_link_that_opens_without_a_key(emulator, running_connector, padding):
    """The mail has the totals and a link to the chart, also if import and run take longer than their calls wait."""
    with (
        emulated_storage(emulator.authority) as storage,
        running_connector(
            require_keys=True,
            **emulator.environment,
            **storage.environment,
            CALLER_WAIT_SECONDS="0" if padding else "90",
        ) as connector,
    ):
        storage.put("sales.csv", SALES + b" " * padding)
        outlook = Outlook()
        player = Player(
            Flow.read(EXAMPLE / "mail_report.json"),
            {"office365": outlook},
            {"connectorUrl": connector.url, "functionKey": connector.key},
        )
        blob = f"{storage.server.container_url('imports')}/sales.csv"
        played = player.play({"body": {"blobUrl": blob, "recipient": "ada@contoso.example"}})
        assert played.status == "Succeeded", played.actions
        assert bool(played.actions["Import_sales"].polls) == bool(padding)
        (message,) = outlook.mails
        assert message.to == "ada@contoso.example"
        assert "North: 50, South: 17" in message.body
        link = re.findall('href="([^"]*)"', message.body)[0]
        assert requests.get(link, timeout=30).content.startswith(PNG)
