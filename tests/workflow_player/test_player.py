"""Triggers, parameters, and what a play returns."""

from typing import Any

import pytest

from tests.workflow_player.flows import compose, flow_of, play
from workflow_player.errors import FlowError
from workflow_player.flow import Flow
from workflow_player.player import Player

SPLIT = {"type": "Recurrence", "splitOn": "@triggerOutputs()?['body/value']", "recurrence": {}}


def test_trigger():
    """Its outputs, for expressions; its body in short."""
    played = play({"A": compose(["@triggerBody()", "@triggerOutputs()['headers']", "@trigger()['name']"])}, 5)
    assert played.actions["A"].outputs == [5, {}, "manual"]


def test_split_on():
    """A run for each item; play takes one item only."""
    player = Player(flow_of({"A": compose("@triggerBody()?['n']")}, trigger=SPLIT), {})
    outputs = {"body": {"value": [{"n": 1}, {"n": 2}]}}
    assert [run.actions["A"].outputs for run in player.play_each(outputs)] == [1, 2]
    with pytest.raises(FlowError, match="2 runs"):
        player.play(outputs)


def test_conditions_of_a_trigger():
    """Where one is not met, the flow does not run."""
    trigger = {"type": "Request", "conditions": [{"expression": "@equals(triggerBody(), 1)"}]}
    player = Player(flow_of({"A": compose(1)}, trigger=trigger), {})
    assert [player.play({"body": body}).status for body in (1, 2)] == ["Succeeded", "Skipped"]


DECLARED = {"a": {"type": "String", "defaultValue": "x"}, "b": {"type": "Int"}}


def test_parameters():
    """Those of the play, or their defaults; one without a value fails the play where it is read."""
    actions = {"A": compose(["@parameters('a')", "@parameters('b')"])}
    assert play(actions, declared=DECLARED, parameters={"b": 1}).actions["A"].outputs == ["x", 1]
    with pytest.raises(FlowError, match="A: the parameter b has no value"):
        play(actions, declared=DECLARED)
    with pytest.raises(FlowError, match="no parameter c"):
        play(actions, declared=DECLARED, parameters={"c": 1})


def test_parameters_of_a_standard_project(tmp_path):
    """They are read from app settings."""
    (tmp_path / "parameters.json").write_text('{"url": {"type": "String", "value": "@appsetting(\'URL\')"}}')
    definition = {"triggers": {"t": {"type": "Request"}}, "actions": {"A": compose("@parameters('url')")}}
    flow = Flow.of({"definition": definition, "kind": "Stateful"}, tmp_path / "F" / "workflow.json")
    assert Player(flow, {}, app_settings={"URL": "u"}).play().actions["A"].outputs == "u"
    with pytest.raises(FlowError, match="A: the parameter url has no value"):
        Player(flow, {}).play()


def test_workflow():
    """The name of the flow, and one of each run."""
    names = [play({"A": compose("@workflow()['run']['name']")}).actions["A"].outputs for _ in range(2)]
    assert len(set(names)) == 2


def test_steps_are_told_as_they_end():
    """With the number of actions around them."""
    told: list[Any] = []
    actions = {"S": {"type": "Scope", "actions": {"A": compose(1)}}, "B": compose(1, "S")}
    play(actions, on_step=lambda result, depth: told.append((result.name, depth)))
    assert told == [("A", 1), ("S", 0), ("B", 0)]


AGENT = {
    "type": "Agent",
    "inputs": {"parameters": {"messages": [{"role": "User", "content": "@{triggerBody()}"}]}},
    "limit": {"count": 2},
    "tools": {
        "Add": {
            "type": "Tool",
            "description": "Adds one.",
            "agentParameterSchema": {"type": "object", "properties": {"n": {}}, "required": ["n"]},
            "actions": {"Sum": compose("@add(agentParameters('n'), 1)")},
        }
    },
}


def test_agent():
    """A function in place of the model calls tools, and its answer is the last message."""
    played = play(
        {"Agent": AGENT}, "?", model=lambda tools: f"It is {tools['Add'](n=1)['Sum'] + tools['Add'](n=2)['Sum']}."
    )
    assert played.actions["Agent"].outputs == {"lastAssistantMessage": "It is 5."}
    assert played.actions["Sum"].times == 2


def test_agent_that_does_not_end():
    """It fails at the limit of its loop."""
    played = play({"Agent": AGENT}, "?", model=lambda tools: "".join(str(tools["Add"](n=n)) for n in range(3)))
    assert (played.status, played.actions["Agent"].code) == ("Failed", "AgentLimitReached")


@pytest.mark.parametrize(
    ("body", "model", "words"),
    [("", str, "content"), ("?", None, "no model"), ("?", lambda tools: tools["Add"](m=1), "takes n")],
)
def test_mistakes_of_agents(body, model, words):
    """They fail the play."""
    with pytest.raises(FlowError, match=f"Agent: .*{words}"):
        play({"Agent": AGENT}, body, model=model)
