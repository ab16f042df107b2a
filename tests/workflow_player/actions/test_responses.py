"""Response, Delay and Terminate."""

import pytest

from tests.workflow_player.flows import compose, flow_of, play
from workflow_player.errors import FlowError
from workflow_player.player import Player

RESPONSE = {
    "type": "Response",
    "kind": "Http",
    "inputs": {"statusCode": 201, "headers": {"a": "b"}, "body": "@{triggerBody()}!"},
}


def test_response():
    """The answer to the request that has started the flow."""
    assert play({"R": RESPONSE}, "x").response == {"statusCode": 201, "headers": {"a": "b"}, "body": "x!"}


def test_response_without_a_request():
    """A flow that another trigger starts has nobody to answer."""
    flow = flow_of({"R": RESPONSE}, trigger={"type": "Recurrence", "recurrence": {"frequency": "Day", "interval": 1}})
    with pytest.raises(FlowError, match="R: a Response needs a trigger that is a Request"):
        Player(flow, {}).play()


def test_delay():
    """The clock of the play goes on; nobody waits."""
    wait = {"type": "Wait", "inputs": {"interval": {"count": 3, "unit": "Hour"}}}
    played = play(
        {
            "Before": compose("@utcNow()"),
            "W": {**wait, "runAfter": {"Before": ["Succeeded"]}},
            "After": compose("@dateDifference(outputs('Before'), utcNow())", "W"),
        }
    )
    assert played.actions["After"].outputs.startswith("03:00:00")
    assert (
        play({"W": {"type": "Wait", "inputs": {"until": {"timestamp": "2020-01-01T00:00:00Z"}}}}).status == "Succeeded"
    )


@pytest.mark.parametrize(
    "interval", [{"count": 1, "unit": "Minutes"}, {"count": "1", "unit": "Minute"}, {"unit": "Minute"}]
)
def test_delay_that_cannot_be(interval):
    """It fails the play."""
    with pytest.raises(FlowError, match="W: a delay"):
        play({"W": {"type": "Wait", "inputs": {"interval": interval}}})


def test_terminate():
    """It ends the run with its status; what is around it is canceled, and what comes after it does not run."""
    stop = {"type": "Terminate", "inputs": {"runStatus": "Failed", "runError": {"code": "E1", "message": "@{1}"}}}
    played = play(
        {"S": {"type": "Scope", "actions": {"Stop": stop, "Later": compose(1, "Stop")}}, "After": compose(1, "S")}
    )
    assert (played.status, played.error) == ("Failed", {"code": "E1", "message": "1"})
    assert played.statuses() == {"Stop": "Succeeded", "S": "Cancelled", "Later": "Skipped", "After": "Skipped"}


def test_terminate_in_a_loop():
    """Designers refuse it."""
    stop = {"type": "Terminate", "inputs": {"runStatus": "Succeeded"}}
    with pytest.raises(FlowError, match="loop"):
        play({"Each": {"type": "Foreach", "foreach": "@createArray(1)", "actions": {"Stop": stop}}})
