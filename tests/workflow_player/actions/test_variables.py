"""Variables, as in "Store and manage values using variables" of Azure Logic Apps."""

from typing import Any

import pytest

from tests.workflow_player.flows import compose, play
from workflow_player.errors import FlowError


def start(kind: str, **value: Any) -> dict[str, Any]:
    return {"type": "InitializeVariable", "inputs": {"variables": [{"name": "v", "type": kind, **value}]}}


def change(kind: str, value: Any) -> dict[str, Any]:
    return {"type": kind, "inputs": {"name": "v", "value": value}, "runAfter": {"V": ["Succeeded"]}}


@pytest.mark.parametrize(
    ("first", "action", "value"),
    [
        (start("integer", value=1), change("IncrementVariable", 2), 3),
        (start("integer", value=1), change("DecrementVariable", "@add(1, 1)"), -1),
        (start("string", value="a"), change("AppendToStringVariable", "@add(1, 1)"), "a2"),
        (start("string"), change("AppendToStringVariable", "b"), "b"),
        (start("array", value="@createArray(1)"), change("AppendToArrayVariable", {"x": "@{2}"}), [1, {"x": "2"}]),
        (start("object", value={}), change("SetVariable", {"a": 1}), {"a": 1}),
        (start("boolean", value=True), change("SetVariable", "@not(variables('w'))"), False),
    ],
)
def test_changes(first, action, value):
    """Each changes the variable, whose value variables() returns."""
    other = {"type": "InitializeVariable", "inputs": {"variables": [{"name": "w", "type": "boolean", "value": True}]}}
    played = play(
        {
            "W": other,
            "V": {**first, "runAfter": {"W": ["Succeeded"]}},
            "Do": action,
            "After": compose("@variables('v')", "Do"),
        }
    )
    assert played.actions["After"].outputs == value == played.variables["v"]


@pytest.mark.parametrize(
    ("kind", "value"), [("integer", "5"), ("integer", 1.5), ("string", 5), ("array", {}), ("boolean", "true")]
)
def test_values_keep_the_type(kind, value):
    """Another type fails the action."""
    empty = {"integer": 0, "string": "", "array": [], "boolean": False}
    played = play({"V": start(kind, value=empty[kind]), "Do": change("SetVariable", value)})
    assert (played.actions["Do"].status, played.variables["v"]) == ("Failed", empty[kind])


@pytest.mark.parametrize(
    ("actions", "words"),
    [
        ({"Do": {**change("SetVariable", 1), "runAfter": {}}}, "not been initialized"),
        ({"S": {"type": "Scope", "actions": {"V": start("integer", value=1)}}}, "top level"),
        ({"V": start("number", value=1)}, "no type of variables"),
        ({"V": start("integer", value=1), "Do": change("SetVariable", "@add(variables('v'), 1)")}, "made of itself"),
    ],
)
def test_what_designers_refuse(actions, words):
    """It fails the play."""
    with pytest.raises(FlowError, match=words):
        play(actions)
