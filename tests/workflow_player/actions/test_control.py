"""Conditions, switches, scopes and loops.

Sources: "Create loops", "Create scopes" and "Limits and configuration" of Azure Logic Apps; runs that were measured in
Power Automate.
"""

import threading
from typing import Any

import pytest

from tests.workflow_player.flows import FAILS, compose, flow_of, play
from workflow_player.errors import FlowError
from workflow_player.messages import Response
from workflow_player.player import Player
from workflow_player.services.operations import Operation
from workflow_player.services.stand_ins import StandIn

Json = dict[str, Any]


def variable(name: str, kind: str, value: Any) -> Json:
    return {"type": "InitializeVariable", "inputs": {"variables": [{"name": name, "type": kind, "value": value}]}}


def until(expression: Any, actions: Json, after: str, **members: Any) -> Json:
    return {
        "type": "Until",
        "expression": expression,
        "actions": actions,
        "runAfter": {after: ["Succeeded"]},
        **members,
    }


COUNT = {"type": "IncrementVariable", "inputs": {"name": "n", "value": 1}}


@pytest.mark.parametrize(
    ("expression", "met"),
    [
        ("@equals(triggerBody(), 5)", True),
        ({"and": [{"greater": ["@triggerBody()", 3]}, {"not": {"equals": ["@triggerBody()", 6]}}]}, True),
        ({"or": [{"less": ["@triggerBody()", 3]}, {"contains": ["abc", "x"]}]}, False),
        ({"and": [{"startsWith": ["abc", "AB"]}, {"endsWith": ["abc", "bc"]}]}, True),
    ],
)
def test_condition(expression, met):
    """An expression, or operators as designers write them; the other branch is skipped."""
    played = play(
        {
            "If": {
                "type": "If",
                "expression": expression,
                "actions": {"Yes": compose(1)},
                "else": {"actions": {"No": compose(2)}},
            }
        },
        5,
    )
    assert played.statuses() == {
        "If": "Succeeded",
        "Yes": "Succeeded" if met else "Skipped",
        "No": "Skipped" if met else "Succeeded",
    }


@pytest.mark.parametrize(("body", "ran"), [("a", "A"), ("A", "Default"), (1, None), (None, None)])
def test_switch(body, ran):
    """The case of the same value and case of letters, or the default; other types fail it."""
    case = {"case": "a", "actions": {"A": compose(1)}}
    switch = {"type": "Switch", "expression": "@triggerBody()", "cases": {"One": case}}
    played = play({"Switch": {**switch, "default": {"actions": {"Default": compose(2)}}}}, body)
    assert [
        name for name in ("A", "Default") if name in played.actions and played.actions[name].status == "Succeeded"
    ] == ([ran] if ran else [])
    assert played.status == ("Succeeded" if ran else "Failed")


def test_scope_with_a_failure_that_another_branch_handles():
    """result() has what failed and why; actions() the error of the scope."""
    found = {
        "type": "Query",
        "inputs": {"from": "@result('Try')", "where": "@equals(item()?['status'], 'Failed')"},
        "runAfter": {"Try": ["Failed", "TimedOut"]},
    }
    message = "@first(body('Failed_steps'))?['error']?['message']"
    played = play(
        {
            "Try": {
                "type": "Scope",
                "actions": {"Fine": compose(1), "Bad": {**FAILS, "runAfter": {"Fine": ["Succeeded"]}}},
            },
            "Failed_steps": found,
            "Message": compose([message, "@actions('Try')?['error']?['code']", "@outputs('Bad')"], "Failed_steps"),
        }
    )
    assert played.status == "Succeeded"
    (step,) = played.actions["Failed_steps"].outputs["body"]
    assert (step["name"], step["code"], step["error"]["code"]) == ("Bad", "BadRequest", "InvalidTemplate")
    assert "divided by 0" in played.actions["Message"].outputs[0]
    assert played.actions["Message"].outputs[1:] == ["ActionFailed", None]


def test_what_is_inside_of_a_skipped_scope_is_skipped():
    """At all depths, with the reason."""
    inner = {"type": "Scope", "actions": {"Inner": compose(1)}}
    played = play({"A": compose(1), "S": {"type": "Scope", "actions": {"T": inner}, "runAfter": {"A": ["Failed"]}}})
    assert played.statuses() == {"A": "Succeeded", "S": "Skipped", "T": "Skipped", "Inner": "Skipped"}
    error = played.actions["Inner"].error
    assert error and error["code"] == "ActionDependencyFailed"


@pytest.mark.parametrize("dialect", ["consumption", "power-automate"])
def test_for_each(dialect):
    """Results keep the order of the items, however many run at once; outside of the loop they are an array."""
    played = play(
        {
            "Each": {
                "type": "Foreach",
                "foreach": "@triggerBody()",
                "actions": {"Double": compose("@mul(items('Each'), 2)")},
            },
            "After": compose(
                ["@outputs('Double')", "@length(result('Each'))", "@result('Each')[0]['repetitionCount']"], "Each"
            ),
        },
        list(range(30)),
        dialect,
    )
    assert played.actions["After"].outputs == [[2 * item for item in range(30)], 1, 30]
    assert played.actions["Double"].times == 30


def test_for_each_goes_on_after_a_failure():
    """All items are run, and the loop has failed."""
    played = play(
        {"Each": {"type": "Foreach", "foreach": "@triggerBody()", "actions": {"Div": compose("@div(10, item())")}}},
        [1, 0, 5],
    )
    assert played.status == "Failed"
    assert [found.status for found in sorted(played.actions["Div"].repetitions, key=lambda run: str(run.outputs))] == [
        "Succeeded",
        "Succeeded",
        "Failed",
    ]


@pytest.mark.parametrize(
    ("dialect", "members", "at_once"),
    [
        ("consumption", {}, True),
        ("power-automate", {}, False),
        ("power-automate", {"runtimeConfiguration": {"concurrency": {"repetitions": 2}}}, True),
        ("consumption", {"operationOptions": "Sequential"}, False),
    ],
)
def test_how_many_iterations_run_at_once(dialect, members, at_once):
    """In Logic Apps 20 by default, in Power Automate one."""
    barrier = threading.Barrier(2)

    def meet(_: Any) -> Response:
        try:
            barrier.wait(timeout=5 if at_once else 0.2)
            return Response(200)
        except threading.BrokenBarrierError:
            return Response(400)

    service = StandIn("office365", {Operation("Meet", "GET", "/meet"): meet})
    call: Json = {
        "type": "OpenApiConnection",
        "inputs": {"host": {"connectionName": "shared_office365", "operationId": "Meet"}},
    }
    if dialect == "consumption":
        host = {"connection": {"name": "@parameters('$connections')['office365']['connectionId']"}}
        call = {"type": "ApiConnection", "inputs": {"host": host, "method": "get", "path": "/meet"}}
    loop = {"type": "Foreach", "foreach": "@createArray(1, 2)", "actions": {"Call": call}, **members}
    flow = flow_of({"Each": loop}, dialect, connections=("office365",))
    played = Player(flow, {"office365": service}).play()
    assert (played.status == "Succeeded") == at_once


def test_loops_inside_of_loops():
    """Each has its own item."""
    inner = {
        "type": "Foreach",
        "foreach": "@item()",
        "actions": {"Pair": compose("@{items('Outer')}:@{items('Inner')}")},
        "operationOptions": "Sequential",
    }
    played = play(
        {
            "Outer": {"type": "Foreach", "foreach": "@triggerBody()", "actions": {"Inner": inner}},
            "After": compose("@outputs('Pair')", "Outer"),
        },
        [[1, 2], [3]],
    )
    assert played.actions["After"].outputs == ["[1,2]:1", "[1,2]:2", "[3]:3"]


@pytest.mark.parametrize("items", [None, "abc", {}])
def test_what_is_no_array(items):
    """It fails the loop."""
    assert play({"Each": {"type": "Foreach", "foreach": "@triggerBody()", "actions": {}}}, items).status == "Failed"


def test_until():
    """The actions run before the condition is looked at; the last iteration's results stay."""
    played = play(
        {
            "N": variable("n", "integer", 0),
            "Loop": until(
                "@equals(outputs('Now'), 3)", {"Count": COUNT, "Now": compose("@variables('n')", "Count")}, "N"
            ),
            "After": compose(["@outputs('Now')", "@last(result('Loop'))['repetitionCount']"], "Loop"),
        }
    )
    assert (played.status, played.actions["After"].outputs) == ("Succeeded", [3, 3])


@pytest.mark.parametrize(
    ("members", "status", "times"),
    [
        ({"limit": {"count": 5}}, "Succeeded", 5),
        ({}, "Succeeded", 60),
        ({"limit": {"count": 5}, "operationOptions": "FailWhenLimitsReached"}, "Failed", 5),
    ],
)
def test_limit_of_until(members, status, times):
    """Where it is reached, the loop succeeds, unless it is told to fail."""
    played = play({"N": variable("n", "integer", 0), "Loop": until("@false", {"Count": COUNT}, "N", **members)})
    assert (played.actions["Loop"].status, played.variables["n"]) == (status, times)


def test_time_limit_of_until():
    """No iteration begins after it; pauses count as long as they would be."""
    wait = {"type": "Wait", "inputs": {"interval": {"count": 40, "unit": "Minute"}}}
    loop = until("@false", {"Count": COUNT, "Wait": wait}, "N", limit={"timeout": "PT1H"})
    assert play({"N": variable("n", "integer", 0), "Loop": loop}).variables["n"] == 2


@pytest.mark.parametrize(("last", "status"), [(3, "Succeeded"), (2, "Failed")])
def test_until_goes_on_after_a_failure(last, status):
    """Its status is that of the last iteration."""
    step = {"Count": COUNT, "Step": compose("@div(1, sub(2, variables('n')))", "Count")}
    loop = until(f"@greaterOrEquals(variables('n'), {last})", step, "N")
    assert play({"N": variable("n", "integer", 0), "Loop": loop}).actions["Loop"].status == status


def test_condition_with_an_unknown_operator():
    """It fails the play before anything runs, with the name of the action."""
    with pytest.raises(FlowError, match="Check: there is no operator 'like'"):
        play({"Check": {"type": "If", "expression": {"like": [1, 2]}, "actions": {}}})
