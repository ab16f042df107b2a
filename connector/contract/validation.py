"""openapi.yaml at work: what it says of an operation, and whether a request keeps to it.

Before a request is checked, what Logic Apps and Power Automate send is brought into form: their file object becomes
its base64, `null` and `""` in members that may be left out mean that they are, and `"5"` or `"true"` is taken where a
number or a boolean belongs. `null` says the same of a member that is not known: importers for agents send arguments of
their own that are not set. Everything else that is unexpected is an error that names the member.
"""

import json
import re
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

from ..callers.session_ids import check_session_id
from ..errors import InvalidFileContent, InvalidFileName, InvalidRequest, InvalidSessionId

DOCUMENT_PATH = Path(__file__).resolve().parents[2] / "openapi.yaml"
METHODS = ("get", "put", "post", "delete", "patch", "head", "options")
_ERRORS = {
    "sessionId": InvalidSessionId,
    "fileName": InvalidFileName,
    "folder": InvalidFileName,
    "fileContent": InvalidFileContent,
}
_MOST_MISTAKES = 20
_INTEGER = re.compile(r"(-?[0-9]{1,9})(\.0*)?")
_QUERY_OF_THE_HOST = ("code", "clientId")
"""The function key and its name, which the Functions host reads and passes on."""

Json = dict[str, Any]


@dataclass(frozen=True)
class Operation:
    """One operation of the document, its references resolved. What is said of headers stands in the document alone."""

    operation_id: str
    method: str
    path: str
    is_anonymous: bool  # whoever has the address may call
    parameters: tuple[Json, ...]
    bodies: dict[str, Json]  # schema by media type

    @cached_property
    def _parameters_schema(self) -> Json:
        return {
            "type": "object",
            "additionalProperties": False,
            "required": [parameter["name"] for parameter in self.parameters if parameter.get("required")],
            "properties": {
                parameter["name"]: {**parameter["schema"], "description": parameter["description"]}
                for parameter in self.parameters
            },
        }

    def checked_parameters(self, route: Json, query: Json) -> Json:
        """The parameters' values, with their types. Raises InvalidRequest and its kinds."""
        known = self._parameters_schema["properties"]
        sent = {name: value for name, value in query.items() if name in known or name not in _QUERY_OF_THE_HOST}
        for name in sent:
            if name not in known and any(name in schema.get("properties", {}) for schema in self.bodies.values()):
                raise InvalidRequest(f"{name} belongs in the body, and came in the query. Move it.", target=name)
        return _checked({**sent, **route}, self._parameters_schema, "query parameter")

    def checked_body(self, body: Any, media_type: str = "application/json") -> Json:
        """The body's members, with their types. Raises InvalidRequest and its kinds."""
        return _checked(body, self.bodies[media_type], "member")


class Contract:
    """The document, with the limits that the settings give it, as `document` and as what it says of operations."""

    def __init__(self, *, max_code_characters: int) -> None:
        self.document = read_document()
        execute = self.document["paths"]["/executions"]["post"]["requestBody"]["content"]["application/json"]["schema"]
        execute["properties"]["pythonCode"]["maxLength"] = max_code_characters
        self.operations = self._read_operations()

    def _read_operations(self) -> dict[str, Operation]:
        """By operationId."""
        found = {}
        for path, item in self.document["paths"].items():
            for method in METHODS:
                if method in item:
                    operation = item[method]
                    # Not its answers, which would take as long again.
                    parameters = [*item.get("parameters", []), *operation.get("parameters", [])]
                    body = resolved(operation.get("requestBody", {}), self.document)
                    found[operation["operationId"]] = Operation(
                        operation["operationId"],
                        method.upper(),
                        path,
                        operation.get("security") == [],
                        tuple(p for p in resolved(parameters, self.document) if p["in"] != "header"),
                        {media_type: media["schema"] for media_type, media in body.get("content", {}).items()},
                    )
        return found


def read_document() -> Json:
    """openapi.yaml as it stands."""
    # C code reads it ten times as fast, and a cold start waits for it.
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    document: Json = yaml.load(DOCUMENT_PATH.read_text(encoding="utf-8"), loader)
    return document


def resolved(node: Any, document: Json) -> Any:
    """`node` with every reference replaced by what it points to."""
    if isinstance(node, dict):
        if "$ref" in node:
            return resolved(followed(node, document), document)
        return {name: resolved(value, document) for name, value in node.items()}
    if isinstance(node, list):
        return [resolved(item, document) for item in node]
    return node


def followed(node: Json, document: Json) -> Json:
    """What a reference points to, whose own references are kept; anything else as it is."""
    while "$ref" in node:
        target: Any = document
        for step in node["$ref"].removeprefix("#/").split("/"):
            target = target[step]
        node = target
    return node


def _checked(value: Any, schema: Json, what: str) -> Json:
    normalised = _normalised(value, schema)
    # A body may hold a million mistakes: the first ones tell enough.
    failures = list(islice(Draft202012Validator(schema).iter_errors(normalised), _MOST_MISTAKES))
    failures.sort(key=lambda failure: (list(map(str, failure.absolute_path)), failure.validator != "type"))
    errors: dict[str | None, InvalidRequest] = {}
    for failure in failures:
        for error in _errors(failure, what):
            errors.setdefault(error.target, error)  # one member is one mistake, however many rules it breaks
    if errors:
        first, *more = list(errors.values())[:_MOST_MISTAKES]
        if more:
            message = f"{first.message} More is wrong: see details."
            raise type(first)(message, target=first.target, details=(first, *more))
        raise first
    return dict(normalised)


def _normalised(value: Any, schema: Json) -> Any:
    kind = schema.get("type")
    if kind == "object" and isinstance(value, dict):
        members = schema.get("properties", {})
        required = schema.get("required", [])
        return {
            name: _normalised(inner, members[name]) if name in members else inner
            for name, inner in value.items()
            if name in required or not (inner is None or (inner == "" and name in members))
        }
    if kind == "array" and isinstance(value, list):
        # The validator would look at every item before it said that there are too many.
        few = value[: schema.get("maxItems", len(value)) + 1]
        return [_normalised(item, schema["items"]) for item in few]
    if kind == "string" and schema.get("format") == "byte" and isinstance(value, dict) and "$content" in value:
        return value["$content"]
    if kind == "integer" and isinstance(value, str) and (number := _INTEGER.fullmatch(value.strip())):
        return int(number[1])
    if kind == "integer" and isinstance(value, float) and value.is_integer():
        return int(value)
    if kind == "boolean" and isinstance(value, str) and value.lower() in ("true", "false"):
        return value.lower() == "true"
    return value


def _errors(failure: ValidationError, what: str) -> list[InvalidRequest]:
    """The failure in words: which member, what was expected, what came."""
    place = _place(failure)
    expected: Any = failure.validator_value
    instance: Any = failure.instance
    came = _shown(instance)
    schema: Json = failure.schema if isinstance(failure.schema, dict) else {}
    match failure.validator:
        case "required":
            missing = [name for name in expected if name not in instance]
            return [
                _error(_below(place, name), f"The {what} {_below(place, name)} is missing: {_wanted(schema, name)}.")
                for name in missing
            ]
        case "additionalProperties":
            known = ", ".join(schema.get("properties", {})) or "none"
            unknown = [name for name in instance if name not in schema.get("properties", {})][:_MOST_MISTAKES]
            return [
                InvalidRequest(
                    f"Unknown {what} {_below(place, _clip(name)) or repr(name)}. Known here: {known}.",
                    target=_below(place, _clip(name)),
                )
                for name in unknown
            ]
        case "type" if not place:
            return [_error(None, f"The body must be a JSON object, and is {came}.")]
        case "type":
            return [_error(place, f"{place} must be {_A_KIND[expected]}, and is {came}.")]
        case "minLength" if instance == "":
            return [_error(place, f"{place} is empty: {_wanted_itself(schema)}.")]
        case "pattern" | "minLength" | "maxLength" if place.endswith("sessionId"):
            return [_session_id_error(instance, place)]
        case "minLength" | "maxLength":
            bound = "at least" if failure.validator == "minLength" else "at most"
            return [_error(place, f"{place} must have {bound} {expected:,} characters, and has {len(instance):,}.")]
        case "minItems" | "maxItems":
            bound = "at least" if failure.validator == "minItems" else "at most"
            many = f"more than {expected}" if bound == "at most" else str(len(instance))
            return [_error(place, f"{place} must have {bound} {expected} items, and has {many}.")]
        case "minimum" | "maximum":
            return [
                _error(
                    place, f"{place} must be from {schema.get('minimum')} to {schema.get('maximum')}, and is {came}."
                )
            ]
        case "enum":
            return [_error(place, f"{place} must be one of {', '.join(map(str, expected))}, and is {came}.")]
    return [_error(place, f"{place} is not valid: it is {came}. {schema.get('description', '')}".strip())]


def _error(place: str | None, message: str) -> InvalidRequest:
    member = (place or "").rsplit(".", 1)[-1]
    return _ERRORS.get(member, InvalidRequest)(message, target=place)


def _session_id_error(session_id: str, place: str) -> InvalidRequest:
    try:
        check_session_id(session_id)
    except InvalidSessionId as error:
        return error
    return _error(place, f"{place} is not valid.")  # the contract is narrower than the rule


def _place(failure: ValidationError) -> str:
    place = ""
    for step in failure.absolute_path:
        place = f"{place}[{step}]" if isinstance(step, int) else _below(place, str(step))
    return place


def _below(place: str, name: str) -> str:
    return f"{place}.{name}" if place else name


def _wanted(schema: Json, name: str) -> str:
    return _wanted_itself(schema.get("properties", {}).get(name, {}))


def _wanted_itself(schema: Json) -> str:
    kind = _A_KIND.get(schema.get("type", ""), "a value")
    description = schema.get("description", "")
    return f"it must be {kind}. {description}".rstrip(". ")


def _shown(value: Any) -> str:
    """What came, short: a value of a kind that cannot be mistaken."""
    if value is None:
        return "null"
    if isinstance(value, dict):
        return "an object"
    if isinstance(value, list):
        return "a list"
    return _clip(json.dumps(value))


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
