"""The operations of openapi.yaml, and whether a request conforms to them.

What Logic Apps and Power Automate send is normalised first: their file object becomes its base64, `null` and `""` in
optional members are removed, and `"5"` or `"true"` becomes a number or a boolean where the schema has one. Unknown
members with `null` are removed, too: importers for agents send optional arguments of their own. Everything else that is
unexpected is an error that names the member.
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
_HOST_PARAMETERS = ("code", "clientId")
"""Query parameters that the Functions host reads and passes on: the function key, and its name."""

Json = dict[str, Any]


@dataclass(frozen=True)
class Operation:
    """One operation of the document, with its references resolved, without headers."""

    operation_id: str
    method: str
    path: str
    is_anonymous: bool  # callers need no key and no token
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
        """The values of the parameters, with their types. Raises InvalidRequest and its subclasses."""
        known = self._parameters_schema["properties"]
        sent = {name: value for name, value in query.items() if name in known or name not in _HOST_PARAMETERS}
        for name in sent:
            if name not in known and any(name in schema.get("properties", {}) for schema in self.bodies.values()):
                raise InvalidRequest(f"The query parameter {name} belongs in the body. Move it there.", target=name)
        return _checked({**sent, **route}, self._parameters_schema, "query parameter")

    def checked_body(self, body: Any, media_type: str = "application/json") -> Json:
        """The members of the body, with their types. Raises InvalidRequest and its subclasses."""
        return _checked(body, self.bodies[media_type], "member")


class Contract:
    """`document` is openapi.yaml with the limits of the settings; `operations` are its operations."""

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
                    # Without its responses, which would take as long again.
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
    """openapi.yaml, unchanged."""
    # The loader in C is ten times as fast, and a cold start waits for it.
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    document: Json = yaml.load(DOCUMENT_PATH.read_text(encoding="utf-8"), loader)
    return document


def resolved(node: Any, document: Json) -> Any:
    """`node` with all references replaced by what they point to."""
    if isinstance(node, dict):
        if "$ref" in node:
            return resolved(followed(node, document), document)
        return {name: resolved(value, document) for name, value in node.items()}
    if isinstance(node, list):
        return [resolved(item, document) for item in node]
    return node


def followed(node: Json, document: Json) -> Json:
    """What a reference points to, without resolving the references in it; any other node itself."""
    while "$ref" in node:
        target: Any = document
        for step in node["$ref"].removeprefix("#/").split("/"):
            target = target[step]
        node = target
    return node


def _checked(value: Any, schema: Json, what: str) -> Json:
    normalised = _normalised(value, schema)
    # A body can have a million mistakes: the first ones are enough.
    failures = list(islice(Draft202012Validator(schema).iter_errors(normalised), _MOST_MISTAKES))
    failures.sort(key=lambda failure: (list(map(str, failure.absolute_path)), failure.validator != "type"))
    errors: dict[str | None, InvalidRequest] = {}
    for failure in failures:
        for error in _errors(failure, what):
            errors.setdefault(error.target, error)  # one for each member, even if it breaks several rules
    if errors:
        first, *more = list(errors.values())[:_MOST_MISTAKES]
        if more:
            message = f"{first.message[:-1]}; see details for the other errors."
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
        # The validator would check every item before it reports that there are too many.
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
    """The failure as errors: which member, what was expected, what was received."""
    place = _place(failure)
    expected: Any = failure.validator_value
    instance: Any = failure.instance
    received = _shown(instance)
    schema: Json = failure.schema if isinstance(failure.schema, dict) else {}
    match failure.validator:
        case "required":
            missing = [name for name in expected if name not in instance]
            return [
                _error(_below(place, name), f"The {what} {_below(place, name)} is missing. {_wanted(schema, name)}.")
                for name in missing
            ]
        case "additionalProperties":
            known = ", ".join(schema.get("properties", {}))
            remedy = f"Remove it, or use one of {known}" if known else "Remove it"
            unknown = [name for name in instance if name not in schema.get("properties", {})][:_MOST_MISTAKES]
            return [
                InvalidRequest(
                    f"Unknown {what} {_below(place, _clip(name)) or repr(name)}. {remedy}.",
                    target=_below(place, _clip(name)),
                )
                for name in unknown
            ]
        case "type" if not place:
            return [_error(None, f"The body is {received}. Send a JSON object.")]
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


def _error(place: str | None, message: str) -> InvalidRequest:
    member = (place or "").rsplit(".", 1)[-1]
    return _ERRORS.get(member, InvalidRequest)(message, target=place)


def _session_id_error(session_id: str, place: str) -> InvalidRequest:
    try:
        check_session_id(session_id)
    except InvalidSessionId as error:
        return error
    return _error(place, f"{place} is not valid. Send another one.")  # the contract is stricter than the function


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
