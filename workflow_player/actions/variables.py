"""Actions on variables.

Source: Azure Logic Apps, "Store and manage values using variables". Variables are global in a run, initialized at its
top level, and keep their type.
"""

from typing import Any

from workflow_player.actions.interface import Handler, Step
from workflow_player.content import text_of
from workflow_player.errors import ActionFailed, FlowError
from workflow_player.expressions import kind_of

KINDS = {
    "boolean": {"boolean"},
    "integer": {"number"},
    "float": {"number"},
    "string": {"text"},
    "object": {"object"},
    "array": {"array"},
}
_EMPTY: dict[str, Any] = {"string": "", "array": [], "object": {}, "integer": 0, "float": 0.0, "boolean": False}


def initialize(step: Step) -> Any:
    run = step.frame.run
    if step.frame.parent or run.actions[step.name].inside:
        raise FlowError("a variable is initialized at the top level, not inside of another action")
    declared = step.inputs.get("variables", [])
    if len(declared) != 1:
        raise FlowError("an action initializes one variable")
    name, kind = declared[0]["name"], str(declared[0]["type"]).lower()
    if kind not in KINDS:
        raise FlowError(f"there is no type of variables {kind!r}")
    value = step.evaluator.value(declared[0].get("value", _EMPTY[kind]))
    step.result.inputs = {"variables": [{**declared[0], "value": value}]}
    if name in run.variables:
        raise FlowError(f"the variable {name} is initialized twice")
    run.variable_types[name] = kind
    _checked(name, kind, value)
    run.variables[name] = value
    return None


def assign(step: Step) -> Any:
    name = _known(step)
    value = step.evaluator.value(step.inputs["value"])
    _store(step, name, value)
    return {"body": {"name": name, "value": value}}


def increment(step: Step) -> Any:
    return _counted(step, 1)


def decrement(step: Step) -> Any:
    return _counted(step, -1)


def _counted(step: Step, sign: int) -> Any:
    name = _known(step)
    with step.frame.run.lock:
        by = step.evaluator.value(step.inputs.get("value", 1))
        value = step.frame.run.variables[name]
        if kind_of(value) != "number" or kind_of(by) != "number":
            raise ActionFailed("BadRequest", f"the variable {name} and the step have to be numbers")
        _store(step, name, value + sign * by)
        return {"body": {"name": name, "value": value + sign * by}}


def append_to_array(step: Step) -> Any:
    name = _known(step)
    with step.frame.run.lock:
        value = step.evaluator.value(step.inputs["value"])
        before = step.frame.run.variables[name]
        if not isinstance(before, list):
            raise ActionFailed("BadRequest", f"the variable {name} is no array")
        _store(step, name, [*before, value], shown=value)
    return None


def append_to_string(step: Step) -> Any:
    name = _known(step)
    with step.frame.run.lock:
        value = step.evaluator.value(step.inputs["value"])
        before = step.frame.run.variables[name]
        if not isinstance(before, str):
            raise ActionFailed("BadRequest", f"the variable {name} is no string")
        _store(step, name, before + text_of(value), shown=value)
    return None


def _known(step: Step) -> str:
    name = str(step.inputs["name"])
    if name not in step.frame.run.variables:
        raise FlowError(f"the variable {name} has not been initialized")
    return name


def _store(step: Step, name: str, value: Any, shown: Any = None) -> None:
    step.result.inputs = {"name": name, "value": value if shown is None else shown}
    _checked(name, step.frame.run.variable_types[name], value)
    step.frame.run.variables[name] = value


def _checked(name: str, kind: str, value: Any) -> None:
    if value is None and kind in ("string", "object", "array"):
        return
    if kind_of(value) not in KINDS[kind] or (kind == "integer" and isinstance(value, float)):
        raise ActionFailed("BadRequest", f"the variable {name} is of the type {kind}, and cannot be {value!r}")


VARIABLES: dict[str, Handler] = {
    "AppendToArrayVariable": append_to_array,
    "AppendToStringVariable": append_to_string,
    "DecrementVariable": decrement,
    "IncrementVariable": increment,
    "InitializeVariable": initialize,
    "SetVariable": assign,
}
