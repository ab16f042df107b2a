"""What is wrong with a request that does not conform to the contract, as one error: which member or parameter, what was
expected, and what was received.
"""

import json
from itertools import islice
from typing import TYPE_CHECKING, Any

from ..callers.session_ids import check_session_id
from ..errors import InvalidFileContent, InvalidFileName, InvalidRequest, InvalidSessionId
from .suggestions import example_of, intended

if TYPE_CHECKING:
    from jsonschema.exceptions import ValidationError

MOST_MISTAKES = 20
"""That are reported, of all that a request has."""

_ERRORS = {
    "sessionId": InvalidSessionId,
    "fileName": InvalidFileName,
    "folder": InvalidFileName,
    "fileContent": InvalidFileContent,
}

Json = dict[str, Any]


def error_of(failures: "list[ValidationError]", what: str) -> InvalidRequest:
    """The error to raise, with all others in its details. `what` is what the values are, for messages."""
    failures = sorted(
        failures, key=lambda failure: (list(map(str, failure.absolute_path)), failure.validator != "type")
    )
    errors: dict[str | None, InvalidRequest] = {}
    for failure in failures:
        for error in _errors(failure, what):
            errors.setdefault(error.target, error)  # one for each member, even if it breaks several rules
    for failure in failures:
        for missing in _renamed(failure).values():
            errors.pop(_below(_place(failure), missing), None)  # the error of the other name states what to do
    first, *more = list(errors.values())[:MOST_MISTAKES]
    if not more:
        return first
    message = f"{first.message[:-1]}; see details for the other errors."
    return type(first)(message, target=first.target, details=(first, *more))


def _errors(failure: "ValidationError", what: str) -> list[InvalidRequest]:
    """The failure as errors: which member, what was expected, what was received."""
    place = _place(failure)
    expected: Any = failure.validator_value
    instance: Any = failure.instance
    received = _shown(instance)
    schema: Json = failure.schema if isinstance(failure.schema, dict) else {}
    match failure.validator:
        case "required" if not place and not instance and what == "member":
            first = expected[0]
            return [_error(first, f"The member {first} is missing. Send a JSON object, as in {example_of(schema)}.")]
        case "required":
            missing = [name for name in expected if name not in instance]
            return [
                _error(_below(place, name), f"The {what} {_below(place, name)} is missing. {_wanted(schema, name)}.")
                for name in missing
            ]
        case "additionalProperties":
            renamed = _renamed(failure)
            return [
                InvalidRequest(
                    _unknown_name(name, instance[name], what, place, renamed, schema), target=_below(place, _clip(name))
                )
                for name in _unknown(failure)
            ]
        case "type" if not place and isinstance(instance, str) and instance.lstrip()[:1] == "{":
            return [_error(None, "The body is a text that contains JSON. Send the JSON object itself.")]
        case "type" if not place:
            return [_error(None, f"The body is {received}. Send a JSON object, as in {example_of(schema)}.")]
        case "type" if "enum" in schema:
            return [_error(place, f"{place} is {received}. Send one of {', '.join(schema['enum'])}.")]
        case "type" if expected == "string" and isinstance(instance, dict | list):
            return [_error(place, f"{place} is {received}. {_as_text(instance, schema)}")]
        case "type":
            return [_error(place, f"{place} is {received}. Send {_A_KIND[expected]}.")]
        case "minLength" if instance == "":
            return [_error(place, f"{place} is empty. {_wanted_itself(schema)}.")]
        case "pattern" | "minLength" | "maxLength" if place.endswith("sessionId"):
            return [_session_id_error(instance, place)]
        case "minLength" | "maxLength":
            bound = "at least" if failure.validator == "minLength" else "at most"
            return [_error(place, f"{place} has {len(instance):,} characters. Send {bound} {expected:,}.")]
        case "minItems" | "maxItems":
            bound = "at least" if failure.validator == "minItems" else "at most"
            many = f"more than {expected}" if bound == "at most" else str(len(instance))
            return [_error(place, f"{place} has {many} items. Send {bound} {expected}.")]
        case "minimum" | "maximum":
            return [
                _error(
                    place,
                    f"{place} is {received}. Send a value from {schema.get('minimum')} to {schema.get('maximum')}.",
                )
            ]
        case "enum":
            return [_error(place, f"{place} is {received}. Send one of {', '.join(map(str, expected))}.")]
    return [_error(place, f"{place} is not valid: {received}. {_wanted_itself(schema)}.")]


def _unknown(failure: "ValidationError") -> list[str]:
    known = failure.schema.get("properties", {}) if isinstance(failure.schema, dict) else {}
    instance: Any = failure.instance
    return [name for name in instance if name not in known][:MOST_MISTAKES]


def _renamed(failure: "ValidationError") -> dict[str, str]:
    """For unknown names, the names that the caller most likely means, if the object does not have those as well."""
    if failure.validator != "additionalProperties":
        return {}
    known = _known(failure.schema) if isinstance(failure.schema, dict) else {}
    instance: Any = failure.instance
    free = [name for name in known if name not in instance]
    renamed: dict[str, str] = {}
    for name in _unknown(failure):
        if (meant := intended(name, [other for other in free if other not in renamed.values()])) is not None:
            renamed[name] = meant
    return renamed


def _unknown_name(name: str, value: Any, what: str, place: str, renamed: dict[str, str], schema: Json) -> str:
    """The message for an unknown member or parameter: what was meant, or which there are."""
    known = _known(schema)
    shown = f"Unknown {what} {_below(place, _clip(name)) or repr(name)}"
    names = ", ".join(known)
    if name in renamed:
        return f"{shown}: did you mean {renamed[name]}? The names are {names}."
    for list_name, inner in known.items():
        if name in inner.get("items", {}).get("properties", {}):
            return f"{shown}. Send it in an object in the list {list_name}."
    if isinstance(value, dict) and any(intended(inner, list(known)) for inner in islice(value, MOST_MISTAKES)):
        return f"{shown}. Send the members of this object themselves, without {_clip(name)} around them."
    return f"{shown}. Remove it, or use one of {names}." if known else f"{shown}. Remove it."


def _known(schema: Json) -> Json:
    """The names that a caller can choose from: a query cannot have the parameters of the route."""
    return {name: inner for name, inner in schema.get("properties", {}).items() if inner.get("in") != "path"}


def _as_text(value: Json | list[Any], schema: Json) -> str:
    """What to send instead of an object or a list, where the contract has text. Workflows parse the JSON that they
    read, and wrap other files.
    """
    if schema.get("format") == "byte":
        return "Send a file as base64; in a workflow, base64(string(...)) makes it of an object or a list."
    if isinstance(value, dict) and "$content" in value:
        return "Send text; in a workflow, base64ToString(...?['$content']) makes it of a file."
    return "Send text."


def _error(place: str | None, message: str) -> InvalidRequest:
    member = (place or "").rsplit(".", 1)[-1]
    return _ERRORS.get(member, InvalidRequest)(message, target=place)


def _session_id_error(session_id: str, place: str) -> InvalidRequest:
    try:
        check_session_id(session_id)
    except InvalidSessionId as error:
        return error
    return _error(place, f"{place} is not valid. Send another one.")  # the contract is stricter than the function


def _place(failure: "ValidationError") -> str:
    place = ""
    for step in failure.absolute_path:
        place = f"{place}[{step}]" if isinstance(step, int) else _below(place, str(step))
    return place


def _below(place: str, name: str) -> str:
    return f"{place}.{name}" if place else name


def _wanted(schema: Json, name: str) -> str:
    return _wanted_itself(schema.get("properties", {}).get(name, {}))


def _wanted_itself(schema: Json) -> str:
    if schema.get("format") == "byte":  # Power Apps has a file there, and omits any other value without a word
        return "Send the file as base64; in Power Apps, use a file (blob) and no text, which it omits"
    kind = _A_KIND.get(schema.get("type", ""), "a value")
    description = schema.get("description", "").partition(". ")[0]
    return f"Send {kind}: {description}".rstrip(":. ")


def _shown(value: Any) -> str:
    """The value in an error message: short, and with an unmistakable type."""
    if value is None:
        return "null"
    if isinstance(value, dict):
        return "an object"
    if isinstance(value, list):
        return "a list"
    return _clip(json.dumps(value, ensure_ascii=False))


def _clip(text: str) -> str:
    return text if len(text) <= 60 else text[:57] + "..."


_A_KIND = {
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "array": "a list",
    "object": "an object",
}
