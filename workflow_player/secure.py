"""What a flow hides of its run: the data that run history does not show, and a report must not.

Source: Azure Logic Apps, "Secure access and data": secure inputs and outputs are set per action; an action that uses
the hidden outputs of another hides its inputs too; Compose, Parse JSON and Response have secure inputs alone, which
hide their outputs too. Values of parameters of the types SecureString and SecureObject are secrets everywhere.
"""

from typing import Any

from workflow_player import templates
from workflow_player.expressions import Literal, calls, parse
from workflow_player.flow import Flow
from workflow_player.results import ActionResult

HIDDEN = "(hidden: secure data)"
_PASSES_ON = {"Compose", "ParseJson", "Response"}
_READS = {"outputs", "body", "actions", "actionoutputs", "actionbody"}


def hidden_parts(flow: Flow) -> dict[str, set[str]]:
    """For each action, which of `inputs` and `outputs` it hides."""
    actions = flow.all_actions()
    hidden = {
        name: set(action.definition.get("runtimeConfiguration", {}).get("secureData", {}).get("properties", []))
        for name, action in actions.items()
    }
    for name, action in actions.items():
        if action.type in _PASSES_ON and "inputs" in hidden[name]:
            hidden[name].add("outputs")
    used = {name: _used(action.definition.get("inputs")) for name, action in actions.items()}
    changed = True
    while changed:
        changed = False
        for name, action in actions.items():
            if not any("outputs" in hidden.get(source, ()) for source in used[name]):
                continue
            wanted = {"inputs", "outputs"} if action.type in _PASSES_ON else {"inputs"}
            if not wanted <= hidden[name]:
                hidden[name] |= wanted
                changed = True
    return hidden


def _used(inputs: Any) -> set[str]:
    """The actions whose results are in inputs."""
    found = set()
    for text in templates.expressions(inputs):
        for call in calls(parse(text)):
            first = call.arguments[0] if call.arguments else None
            if call.name.lower() in _READS and isinstance(first, Literal):
                found.add(str(first.value))
    return found


def secrets_of(flow: Flow, values: dict[str, Any]) -> set[str]:
    """The texts of secure parameters."""
    secure = [
        name for name, declared in flow.parameters.items() if str(declared.get("type")).lower().startswith("secure")
    ]
    return {str(values[name]) for name in secure if isinstance(values.get(name), str) and values[name]}


def shown(result: ActionResult, hidden: set[str], secrets: set[str]) -> dict[str, Any]:
    """A result as it may be written to a file."""
    record = _hidden(result, hidden)
    if result.repetitions:
        record["repetitions"] = [_hidden(repetition, hidden) for repetition in result.repetitions]
    cleaned = _without(record, secrets)
    assert isinstance(cleaned, dict)
    return cleaned


def _hidden(result: ActionResult, hidden: set[str]) -> dict[str, Any]:
    record = {**result.record(), "seconds": round(result.seconds, 2)}
    for part in hidden & record.keys():
        record[part] = HIDDEN
    if "outputs" in hidden and "error" in record:
        record["error"] = {"code": record["error"]["code"], "message": HIDDEN}
    return record


def _without(value: Any, secrets: set[str]) -> Any:
    if isinstance(value, dict):
        return {name: _without(member, secrets) for name, member in value.items()}
    if isinstance(value, list):
        return [_without(item, secrets) for item in value]
    if isinstance(value, str):
        for secret in secrets:
            value = value.replace(secret, HIDDEN)
    return value
