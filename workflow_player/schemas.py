"""Checks of what a flow gives an operation, against the schema of the operation's parameter.

Members that there are not, that are missing, or of another kind fail the play: a designer would not have written them.
What values may be, such as lengths and patterns, is left to the service.
"""

from collections.abc import Mapping
from typing import Any

from workflow_player.errors import FlowError
from workflow_player.expressions import kind_of

_KINDS = {
    "string": {"text"},
    "integer": {"number"},
    "number": {"number"},
    "boolean": {"boolean"},
    "array": {"array"},
    "object": {"object"},
}
_TEXTS = {"integer", "number", "boolean"}
"""Types whose values a query, a path or a header may have as text."""


def check_value(
    value: Any, schema: Mapping[str, Any], name: str, *, text_is_enough: bool = False, types: bool = True
) -> None:
    """Raise a FlowError that names the member. Without `types`, values are still expressions, and names are checked."""
    expected = schema.get("type")
    if schema.get("format") in ("binary", "byte"):
        return  # a text, a content object, or any value, which is sent as JSON
    if value is None:
        return  # whether it may be missing is said by the members that are required
    if types and expected in _KINDS and kind_of(value) not in _KINDS[expected]:
        as_text = text_is_enough and expected in _TEXTS and kind_of(value) in ("text", "boolean", "number")
        if not as_text:
            raise FlowError(f"{name} is of the type {expected}, not {kind_of(value)}")
    if isinstance(value, dict):
        _check_members(value, schema, name, types)
    if isinstance(value, list) and "items" in schema:
        for index, item in enumerate(value):
            check_value(item, schema["items"], f"{name}/{index}", types=types)


def _check_members(value: dict[str, Any], schema: Mapping[str, Any], name: str, types: bool) -> None:
    known = schema.get("properties")
    if known is None:
        return
    for member, inner in value.items():
        if member in known:
            check_value(inner, known[member], f"{name}/{member}", types=types)
        elif not schema.get("additionalProperties", False):
            raise FlowError(f"{name} has no member {member}; there are: {', '.join(known)}")
    missing = [member for member in schema.get("required", []) if value.get(member) is None]
    if missing:
        raise FlowError(f"{name} needs {' and '.join(missing)}")
