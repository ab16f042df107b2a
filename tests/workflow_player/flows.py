"""Small flows for tests: their actions are given, the rest is made."""

from typing import Any

from workflow_player.flow import Flow
from workflow_player.player import Player
from workflow_player.results import Played

Json = dict[str, Any]

DIALECTS = ("consumption", "standard", "power-automate")


def flow_of(
    actions: Json,
    dialect: str = "consumption",
    parameters: Json | None = None,
    connections: tuple[str, ...] = (),
    trigger: Json | None = None,
) -> Flow:
    """A flow with a Request as trigger, and connections that are called as their APIs."""
    definition = {
        "triggers": {"manual": trigger or {"type": "Request", "kind": "Http", "inputs": {}}},
        "actions": actions,
        "parameters": parameters or {},
    }
    if dialect == "standard":
        return Flow.of({"definition": definition, "kind": "Stateful"}, "nowhere/Flow/workflow.json")
    if dialect == "power-automate":
        references = {f"shared_{api}": {"api": {"name": f"shared_{api}"}} for api in connections}
        return Flow.of({"properties": {"connectionReferences": references, "definition": definition}})
    managed = {api: {"id": f"/managedApis/{api}", "connectionId": "test"} for api in connections}
    return Flow.of({"definition": definition, "parameters": {"$connections": {"value": managed}}})


def play(actions: Json, body: Any = None, dialect: str = "consumption", **options: Any) -> Played:
    """Play actions, with a body of the request; `options` are those of a Player."""
    flow = flow_of(actions, dialect, options.pop("declared", None))
    options.setdefault("longest_pause_seconds", 0.0)
    return Player(flow, options.pop("services", {}), **options).play({"headers": {}, "body": body})


def compose(value: Any, *after: str, statuses: tuple[str, ...] = ("Succeeded",)) -> Json:
    return {"type": "Compose", "inputs": value, "runAfter": {name: list(statuses) for name in after}}


def value_of(template: Any, body: Any = None) -> Any:
    """What a template becomes, in a flow whose request has the body."""
    result = play({"Value": compose(template)}, body).actions["Value"]
    assert result.status == "Succeeded", result.error
    return result.outputs


def mistake_of(template: Any, body: Any = None) -> str:
    """Why a template has no value: the action fails with InvalidTemplate."""
    error = play({"Value": compose(template)}, body).actions["Value"].error
    assert error and error["code"] == "InvalidTemplate"
    message: str = error["message"]
    return message


FAILS = compose("@div(1, 0)")
"""An action that fails."""
