"""What a flow hides is in no report."""

import json

from tests.workflow_player.flows import compose, flow_of, play
from workflow_player.secure import HIDDEN, hidden_parts, secrets_of, shown

SECURE = {"runtimeConfiguration": {"secureData": {"properties": ["inputs"]}}}
ACTIONS = {
    "Key": {**compose("key"), **SECURE},
    "Uses": {
        "type": "Select",
        "inputs": {"from": "@createArray(outputs('Key'))", "select": "@item()"},
        "runAfter": {"Key": ["Succeeded"]},
    },
    "Copies": compose("@{outputs('Key')}!", "Uses"),
    "Further": compose("@outputs('Copies')", "Copies"),
    "Other": compose("open", "Further"),
}


def test_hidden_outputs_hide_what_uses_them():
    """The inputs of an action that reads them; of Compose the outputs as well, and so on."""
    assert hidden_parts(flow_of(ACTIONS)) == {
        "Key": {"inputs", "outputs"},
        "Uses": {"inputs"},
        "Copies": {"inputs", "outputs"},
        "Further": {"inputs", "outputs"},
        "Other": set(),
    }


def test_report():
    """Hidden parts are named as such; secure parameters are in no text, not even of errors and repetitions."""
    declared = {"secret": {"type": "SecureString"}}
    loop = {
        "type": "Foreach",
        "foreach": "@createArray(1, 2)",
        "actions": {"Leak": compose("a @{parameters('secret')} b")},
    }
    bad = {"type": "ParseJson", "inputs": {"content": "@parameters('secret')"}, "runAfter": {"Each": ["Succeeded"]}}
    actions = {**ACTIONS, "Each": loop, "Bad": bad}
    flow, values = flow_of(actions, parameters=declared), {"secret": "hunter2"}
    played = play(actions, declared=declared, parameters=values)
    hidden = hidden_parts(flow)
    steps = {name: shown(result, hidden[name], secrets_of(flow, values)) for name, result in played.actions.items()}
    assert steps["Copies"]["outputs"] == HIDDEN and steps["Other"]["outputs"] == "open"
    assert steps["Leak"]["outputs"] == f"a {HIDDEN} b" and len(steps["Leak"]["repetitions"]) == 2
    assert "hunter2" not in json.dumps(steps) and '"key!' not in json.dumps(steps)
