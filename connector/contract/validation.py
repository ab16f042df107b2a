"""The operations of openapi.yaml, and whether a request conforms to them.

What Logic Apps and Power Automate send is normalised first: their file object becomes its base64, `null` and `""` in
optional members are removed, and `"5"` or `"true"` becomes a number or a boolean where the schema has one. Words of a
list may have another case. Unknown members with `null` are removed, too: importers for agents send optional arguments
of their own. Everything else that is unexpected is an error that names the member.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from ..errors import InvalidRequest
from .mistakes import MOST_MISTAKES, error_of
from .suggestions import example_of, is_of_gateway

if TYPE_CHECKING:
    from jsonschema import Draft202012Validator

DOCUMENT_PATH = Path(__file__).resolve().parents[2] / "openapi.yaml"
METHODS = ("get", "put", "post", "delete", "patch", "head", "options")
_TEXT = "tag:yaml.org,2002:str"
_INTEGER = re.compile(r"(-?[0-9]{1,9})(\.0*)?")
_MOST_BYTES_OF_CHARACTER = 12
"""Such as `\\ud83d\\ude00`."""

_BYTES_OF_THE_REST = 100_000
"""For names, numbers and spaces."""

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
    def _parameters(self) -> "Checker":
        schema = {
            "type": "object",
            "additionalProperties": False,
            "required": [parameter["name"] for parameter in self.parameters if parameter.get("required")],
            "properties": {
                parameter["name"]: {
                    **parameter["schema"],
                    "description": parameter["description"],
                    "in": parameter["in"],
                }
                for parameter in self.parameters
            },
        }
        return Checker(schema, "query parameter")

    @cached_property
    def _bodies(self) -> "dict[str, Checker]":
        return {media_type: Checker(schema, "member") for media_type, schema in self.bodies.items()}

    def checked_parameters(self, route: Json, query: Json) -> Json:
        """The values of the parameters, with their types. Raises InvalidRequest and its subclasses."""
        known = self._parameters.schema["properties"]
        sent = {name: value for name, value in query.items() if name in known or not is_of_gateway(name)}
        for name in sent:
            if name not in known and any(name in schema.get("properties", {}) for schema in self.bodies.values()):
                raise InvalidRequest(f"The query parameter {name} belongs in the body. Move it there.", target=name)
        return self._parameters.checked({**sent, **route})

    def checked_body(self, body: Any, media_type: str = "application/json") -> Json:
        """The members of the body, with their types. Raises InvalidRequest and its subclasses."""
        return self._bodies[media_type].checked(body)

    @cached_property
    def most_json_bytes(self) -> int | None:
        """Of a JSON body whose members all have a limit, however it is written; None if one has no limit."""
        members = self.bodies.get("application/json", {}).get("properties", {}).values()
        texts = [schema for schema in members if "enum" not in schema and schema.get("type") == "string"]
        if any(schema.get("type") == "array" for schema in members) or any("maxLength" not in text for text in texts):
            return None
        characters: int = sum(text["maxLength"] for text in texts)
        return _MOST_BYTES_OF_CHARACTER * characters + _BYTES_OF_THE_REST

    @cached_property
    def example(self) -> str:
        """A short body as JSON, for messages."""
        return example_of(self.bodies.get("application/json", {}))


class Contract:
    """`document` is openapi.yaml with the limits and defaults of the settings; `operations` are its operations."""

    def __init__(self, *, max_code_characters: int, caller_wait_seconds: int = 90) -> None:
        self.document = read_document()
        execute = self.document["paths"]["/executions"]["post"]["requestBody"]["content"]["application/json"]["schema"]
        execute["properties"]["pythonCode"]["maxLength"] = max_code_characters
        # Some importers send every default: a client that gives up sooner would never see the setting work.
        execute["properties"]["waitInSeconds"]["default"] = caller_wait_seconds
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
    # A cold start waits for this. The parser in C is ten times as fast, and `_plain` twice as fast as its constructor.
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)(DOCUMENT_PATH.read_text(encoding="utf-8"))
    try:
        document: Json = _plain(loader.get_single_node(), loader)
    finally:
        loader.dispose()
    return document


def _plain(node: Any, loader: Any) -> Any:
    if isinstance(node, yaml.MappingNode):
        return {_plain(name, loader): _plain(value, loader) for name, value in node.value}
    if isinstance(node, yaml.SequenceNode):
        return [_plain(item, loader) for item in node.value]
    return node.value if node.tag == _TEXT else loader.construct_object(node)


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


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    """In JSON Schema, $ is the end; for Python, it may be before a line break at the end."""
    return re.compile(re.sub(r"(?<!\\)\$$", r"\\Z", pattern))


class Checker:
    """Checks values against a schema. `what` they are, for messages. Made once for each schema."""

    def __init__(self, schema: Json, what: str) -> None:
        self.schema = schema
        self._what = what

    @cached_property
    def _validator(self) -> "Draft202012Validator":
        # Importing it takes a noticeable part of a cold start, and requests without arguments do not need it.
        from jsonschema import Draft202012Validator, ValidationError
        from jsonschema.validators import extend

        def pattern(_: Any, pattern: str, value: Any, __: Any) -> Iterator[ValidationError]:
            if isinstance(value, str) and not _compiled(pattern).search(value):
                yield ValidationError(f"{value!r} does not match {pattern!r}")

        validator: Draft202012Validator = extend(Draft202012Validator, {"pattern": pattern})(self.schema)  # type: ignore[no-untyped-call]
        return validator

    def checked(self, value: Any) -> Json:
        """The value, normalised. Raises InvalidRequest and its subclasses."""
        if value == {} and not self.schema.get("required"):
            return {}
        normalised = _normalised(value, self.schema)
        # A body can have a million mistakes: the first ones are enough.
        failures = list(islice(self._validator.iter_errors(normalised), MOST_MISTAKES))
        if failures:
            raise error_of(failures, self._what)
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
    if "enum" in schema and isinstance(value, str) and value not in schema["enum"]:
        return next((word for word in schema["enum"] if word.lower() == value.lower()), value)
    return value
