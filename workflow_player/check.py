"""Checks a flow before it is played, as designers and services do when it is saved: also branches that no play takes.

Every mistake is reported at once: expressions that are none, functions that there are not, names of actions, variables
and parameters that do not exist or do not come before, statuses and orders of runAfter, operations of connectors and
the names of their parameters.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from workflow_player import templates
from workflow_player.actions import HANDLERS
from workflow_player.conditions import check_condition
from workflow_player.connections import check_names, service_of
from workflow_player.errors import FlowError
from workflow_player.expressions import Call, Literal, calls, parse
from workflow_player.flow import Action, Flow, branches
from workflow_player.order import run_order
from workflow_player.parameters import OF_THE_PLATFORM
from workflow_player.services.operations import Service
from workflow_player.workflow_data import KNOWN_FUNCTIONS, READS_ACTION

Json = dict[str, Any]
MEMBERS = {
    "actions", "cases", "default", "description", "else", "expression", "foreach", "inputs", "kind", "limit",
    "metadata", "operationOptions", "runAfter", "runtimeConfiguration", "tools", "trackedProperties", "type",
}  # fmt: skip
"""Of an action."""

CONFIGURATION = {"concurrency", "contentTransfer", "paginationPolicy", "secureData"}
"""Of its runtimeConfiguration. Stand-ins have no pages: lists come whole."""

_GROUPS = {"actions", "cases", "default", "else", "tools"}
_NO_EXPRESSIONS = {"description", "metadata", "runAfter", "type"}
_AROUND = {"items", "iterationindexes"}
_CONNECTED = {
    "ApiConnection", "ApiConnectionWebhook", "OpenApiConnection", "OpenApiConnectionWebhook", "ServiceProvider",
}  # fmt: skip


def check(flow: Flow, services: Mapping[str, Service]) -> None:
    """Raise a FlowError with every mistake, each with the name of its action."""
    mistakes = list(_mistakes(flow, services))
    if mistakes:
        raise FlowError("\n".join(mistakes))


def _mistakes(flow: Flow, services: Mapping[str, Service]) -> Iterator[str]:
    try:
        actions = flow.all_actions()
        _check_orders(flow.actions)
    except FlowError as mistake:
        yield str(mistake)
        return
    if len(flow.triggers) != 1:
        yield f"a flow has one trigger, not {len(flow.triggers)}"
    variables = {
        declared.get("name")
        for action in actions.values()
        if action.type == "InitializeVariable"
        for declared in action.definition.get("inputs", {}).get("variables", [])
    }
    known = _Known(flow, actions, variables)
    for name, trigger in flow.triggers.items():
        yield from _of(name, known.expressions(trigger, set(), set()))
        yield from _of(name, _connected(flow, services, trigger))
    for name, action in actions.items():
        yield from _of(name, _of_action(action))
        before = _before(action, actions)
        inside = {inner.name for inner in actions.values() if name in inner.inside}
        own = {key: value for key, value in action.definition.items() if key not in _GROUPS}
        for key, case in action.definition.get("cases", {}).items():
            own[f"case {key}"] = case.get("case")
        yield from _of(name, known.expressions(own, before | inside, {*action.inside, name}))
        yield from _of(name, _connected(flow, services, action.definition))


def _of(name: str, mistakes: Iterator[str]) -> Iterator[str]:
    return (f"{name}: {mistake}" for mistake in mistakes)


def _check_orders(group: Json) -> None:
    run_order(group)
    for definition in group.values():
        for _, inner in branches(definition):
            _check_orders(inner)


def _of_action(action: Action) -> Iterator[str]:
    """Limits: Azure Logic Apps, "Limits and configuration"."""
    if len(action.name) > 80:
        yield "a name has at most 80 characters"
    if len(action.inside) >= 8:
        yield "actions are nested at most 8 deep"
    if action.type not in HANDLERS:
        yield f"the player has no actions of the type {action.type}"
    configuration = action.definition.get("runtimeConfiguration", {})
    unknown = (action.definition.keys() - MEMBERS) | (configuration.keys() - CONFIGURATION)
    if unknown:
        yield f"unknown members: {', '.join(sorted(unknown))}"
    if action.type == "SetVariable" and isinstance(action.definition.get("inputs"), dict):
        inputs = action.definition["inputs"]
        if f"variables('{inputs.get('name')}')" in str(inputs.get("value")):
            yield f"a variable cannot be set to a value made of itself: {inputs.get('name')}"
    if action.type in ("If", "Until"):
        try:
            check_condition(action.definition.get("expression"))
        except FlowError as mistake:
            yield str(mistake)


class _Known:
    """The names that expressions may use."""

    def __init__(self, flow: Flow, actions: Mapping[str, Action], variables: set[Any]) -> None:
        self._actions = actions
        self._variables = variables
        self._parameters = {*flow.parameters, *OF_THE_PLATFORM}

    def expressions(self, part: Json, before: set[str], around: set[str]) -> Iterator[str]:
        """The mistakes in the expressions of an action or trigger. `before` are the actions that have run by then."""
        found = {name: value for name, value in part.items() if name not in _NO_EXPRESSIONS}
        try:
            texts = list(templates.expressions(found))
        except FlowError as mistake:
            yield str(mistake)
            return
        for text in texts:
            try:
                made = list(calls(parse(text)))
            except FlowError as mistake:
                yield str(mistake)
                continue
            for call in made:
                yield from self._call(call, before, around)

    def _call(self, call: Call, before: set[str], around: set[str]) -> Iterator[str]:
        try:
            KNOWN_FUNCTIONS.check(call.name, len(call.arguments))
        except FlowError as mistake:
            yield str(mistake)
            return
        first = call.arguments[0].value if call.arguments and isinstance(call.arguments[0], Literal) else None
        function = call.name.lower()
        if not isinstance(first, str):
            return
        if function == "variables" and first not in self._variables:
            yield f"there is no variable {first}"
        elif function == "parameters" and first not in self._parameters:
            yield f"there is no parameter {first}"
        elif function in READS_ACTION and first not in self._actions:
            yield f"{call.name}() names {first}, and there is no action of this name"
        elif function in _AROUND and first not in around:
            yield f"{call.name}() names {first}, which is no loop around this action"
        elif function in READS_ACTION - _AROUND and first not in before:
            yield f"{call.name}() names {first}, which does not run before"


def _before(action: Action, actions: Mapping[str, Action]) -> set[str]:
    """The actions that have run by then: those that it and the actions around it run after, and all inside of these."""
    found: set[str] = set()
    for name in (action.name, *(around for around in action.inside if around in actions)):
        siblings = actions[name].siblings
        waiting = list(siblings[name].get("runAfter", {}))
        while waiting:
            earlier = waiting.pop()
            if earlier not in found:
                found.add(earlier)
                waiting += siblings[earlier].get("runAfter", {})
    return found | {inner.name for inner in actions.values() if found & set(inner.inside)}


def _connected(flow: Flow, services: Mapping[str, Service], part: Json) -> Iterator[str]:
    """Mistakes in what a connector is asked for, as far as they can be told without values."""
    if part.get("type") not in _CONNECTED:
        return
    try:
        service = service_of(flow, services, part)
        inputs = part.get("inputs", {})
        if part["type"] in ("ApiConnection", "ApiConnectionWebhook"):
            path = str(inputs.get("path", ""))
            if path.startswith("@") and not path.startswith("@{"):
                return
            method = "post" if part["type"].endswith("Webhook") else inputs.get("method", "")
            check_names(service.by_path(method, re.sub(r"@\{.*?\}", "x", path)), inputs)
        elif part["type"] == "ServiceProvider":
            service.by_id(inputs.get("serviceProviderConfiguration", {}).get("operationId", ""))
        else:
            check_names(service.by_id(inputs.get("host", {}).get("operationId", "")), inputs)
    except FlowError as mistake:
        yield str(mistake)
