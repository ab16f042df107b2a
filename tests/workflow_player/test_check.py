"""A flow is checked before it is played, also where no play comes."""

from typing import Any

import pytest

from tests.workflow_player.flows import compose, flow_of
from workflow_player.check import check
from workflow_player.errors import FlowError
from workflow_player.services.outlook import Outlook

Json = dict[str, Any]


def never(action: Json) -> Json:
    """An action in a branch that is not taken."""
    return {
        "A": compose(1),
        "Never": {"type": "If", "expression": "@false", "actions": {"Step": action}, "runAfter": {"A": ["Succeeded"]}},
    }


def mail(**members: Any) -> Json:
    host = {"connection": {"name": "@parameters('$connections')['office365']['connectionId']"}}
    return {"type": "ApiConnection", "inputs": {"host": host, "method": "post", "path": "/v2/Mail", **members}}


BODY = {"To": "@{1}", "Subject": "S", "Body": "B"}


@pytest.mark.parametrize(
    ("action", "words"),
    [
        (compose("@nothing()"), "Step: there is no function nothing"),
        (compose("@concat("), "Step: the expression ends too early"),
        (compose("@guid('D', 1)"), "Step: guid takes 0 to 1 arguments, not 2"),
        (compose("@createArray()"), "Step: createArray takes 1 or more arguments"),
        (compose("@body('Missing')"), "Step: body\\(\\) names Missing, and there is no action"),
        (compose("@outputs('Later')"), "there is no action"),
        (compose("@variables('v')"), "Step: there is no variable v"),
        (compose("@parameters('p')"), "Step: there is no parameter p"),
        (compose("@items('A')"), "Step: items\\(\\) names A, which is no loop"),
        (compose("@outputs('Step')"), "Step: outputs\\(\\) names Step, which does not run before"),
        ({"type": "Unknown"}, "Step: the player has no actions of the type Unknown"),
        ({**compose(1), "input": 2}, "Step: unknown members: input"),
        ({**compose(1), "runtimeConfiguration": {"secure": 1}}, "Step: unknown members: secure"),
        (mail(body={**BODY, "Html": 1}), "Step: emailMessage has no member Html"),
        (mail(body={"To": "@{1}"}), "Step: emailMessage needs Subject and Body"),
        (mail(path="/v3/Mail"), "Step: office365 has no operation POST /v3/Mail"),
        (mail(body=BODY, queries={"a": 1}), "Step: SendEmailV2 has no query parameter a"),
    ],
)
def test_mistakes(action, words):
    """Each with the name of its action."""
    flow = flow_of(never(action), connections=("office365",))
    with pytest.raises(FlowError, match=words):
        check(flow, {"office365": Outlook()})


def test_all_mistakes_are_reported_at_once():
    """One on each line."""
    with pytest.raises(FlowError) as caught:
        check(flow_of({"A": compose("@x()"), "B": compose("@y()"), "C": mail(body=BODY)}), {})
    assert len(str(caught.value).splitlines()) == 3
    assert "C: the flow has no connection office365" in str(caught.value)


def test_what_runs_before():
    """Actions before an action or before what is around it, with all inside of them, and the inside of its own loop."""
    scope = {"type": "Scope", "actions": {"Inner": compose(1)}}
    actions = {
        "S": scope,
        "Loop": {
            "type": "Until",
            "expression": "@equals(outputs('Now'), outputs('Inner'))",
            "actions": {"Now": compose("@outputs('Inner')"), "Then": compose("@outputs('Now')", "Now")},
            "runAfter": {"S": ["Succeeded"]},
        },
        "Beside": compose(1),
    }
    check(flow_of(actions), {})
    with pytest.raises(FlowError, match="Late: outputs\\(\\) names Beside"):
        check(flow_of({**actions, "Late": compose("@outputs('Beside')", "S")}), {})


def test_a_trigger_is_checked():
    """What it asks its connector for."""
    host = {"connection": {"name": "@parameters('$connections')['office365']['connectionId']"}}
    trigger = {"type": "ApiConnection", "inputs": {"host": host, "method": "get", "path": "/nothing"}}
    with pytest.raises(FlowError, match="manual: office365 has no operation GET /nothing"):
        check(flow_of({}, connections=("office365",), trigger=trigger), {"office365": Outlook()})


@pytest.mark.parametrize(
    ("dialect", "action"),
    [
        ("standard", mail(body=BODY)),
        ("consumption", {**mail(body=BODY), "inputs": {"host": {"connection": {"referenceName": "office365"}}}}),
    ],
)
def test_connections_of_another_dialect(dialect, action):
    """Consumption names them by $connections, Standard by referenceName."""
    with pytest.raises(FlowError, match="Mail: host.connection"):
        check(flow_of({"Mail": action}, dialect, connections=("office365",)), {"office365": Outlook()})
