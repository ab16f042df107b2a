"""The actions of a custom connector, as Power Fx and Copilot Studio make them of its document.

The members of a body become parameters beside those of path and query. A formula has the required ones first, those
of the path before the rest, and all others in one record: so does the connectors library of microsoft/Power-Fx, and so
read formulas such as Office365Outlook.SendEmailV2 in Microsoft's documentation.
"""

import base64
import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from tests.examples.power_fx.evaluation import CallRefused, Untyped
from workflow_player.messages import Request
from workflow_player.services.code_interpreter import CodeInterpreter
from workflow_player.services.operations import Operation
from workflow_player.services.swagger import operations_of

Json = dict[str, Any]


@dataclass(frozen=True)
class Parameter:
    """`place` is path, query, header or body."""

    name: str
    place: str
    is_required: bool
    schema: Json


@dataclass(frozen=True)
class Action:
    operation_id: str
    method: str
    path: str
    parameters: tuple[Parameter, ...]
    result: Json
    """The schema of the response, without references; `{}` if there is none."""

    def required(self) -> list[str]:
        """In the order of a formula's arguments."""
        needed = [parameter for parameter in self.parameters if parameter.is_required]
        return [parameter.name for parameter in sorted(needed, key=lambda parameter: parameter.place != "path")]

    def parameter(self, name: str) -> Parameter:
        found = [parameter for parameter in self.parameters if parameter.name == name]
        assert found, f"{self.operation_id} has no parameter {name}"
        return found[0]


class ConnectorActions:
    """Calls the operations of a running connector, and keeps what was called, in order."""

    def __init__(self, connector: CodeInterpreter, document: Json) -> None:
        """`document` is the connector's Swagger."""
        self.actions = actions_of(document)
        self.calls: list[tuple[str, Json]] = []
        self._connector = connector

    def call_formula(self, operation_id: str, arguments: list[Any]) -> Any:
        """With the arguments as a formula has them."""
        action = self.actions[operation_id]
        names = action.required()
        assert len(names) <= len(arguments) <= len(names) + 1, f"{operation_id} takes {names} and a record"
        optional = arguments[len(names)] if len(arguments) > len(names) else {}
        assert isinstance(optional, dict) and not optional.keys() & set(names), operation_id
        return self.call(operation_id, {**dict(zip(names, arguments, strict=False)), **optional})

    def call(self, operation_id: str, values: Json) -> Any:
        """The response: JSON, or the bytes of a file. Raises CallRefused with the status, and no more."""
        action = self.actions[operation_id]
        given = {name: value for name, value in values.items() if value is not None}
        missing = set(action.required()) - given.keys()
        assert not missing, f"{operation_id} lacks {missing}"
        self.calls.append((operation_id, given))
        path, query, body = action.path, {}, {}
        for name, value in given.items():
            parameter = action.parameter(name)
            if parameter.place == "path":
                path = path.replace(f"{{{name}}}", quote(str(value), safe=""))
            elif parameter.place == "query":
                query[name] = str(value)
            else:
                assert parameter.place == "body", name
                body[name] = encoded(value, parameter.schema)
        has_body = any(parameter.place == "body" for parameter in action.parameters)
        headers, content = ({"Content-Type": "application/json"}, json.dumps(body).encode()) if has_body else ({}, b"")
        response = self._connector.send(Request(action.method, path, query, headers, content), 120)
        if not response.ok:
            raise CallRefused(f"The server returned an HTTP error with code {response.status}")
        if (response.header("Content-Type") or "").startswith("application/json") and action.result.get(
            "type"
        ) == "object":
            return typed(json.loads(response.body), action.result)
        return response.body


def actions_of(document: Json) -> dict[str, Action]:
    """All actions of a Swagger 2.0 document, by operation ID."""
    results = {
        operation["operationId"]: _resolved(document, operation["responses"].get("200", {}).get("schema", {}))
        for methods in document["paths"].values()
        for operation in methods.values()
        if isinstance(operation, dict)
    }
    return {
        each.operation_id: Action(each.operation_id, each.method, each.path, _flat(each), results[each.operation_id])
        for each in operations_of(document)
    }


def has_member(schema: Json, path: str) -> bool:
    """Whether a result has a member such as error.hint."""
    for name in path.split("."):
        if name not in schema.get("properties", {}):
            return False
        schema = schema["properties"][name]
    return True


def encoded(value: Any, schema: Json) -> Any:
    """A value as JSON: files are base64, if the document says so. A member that it does not have is an error."""
    if isinstance(value, bytes):
        assert schema.get("format") == "byte", "a file in place of another value"
        return base64.b64encode(value).decode()
    if isinstance(value, list):
        assert schema["type"] == "array"
        return [encoded(item, schema["items"]) for item in value]
    if isinstance(value, dict):
        assert value.keys() <= schema["properties"].keys(), value.keys()
        assert value.keys() >= set(schema.get("required", [])), value.keys()
        return {name: encoded(member, schema["properties"][name]) for name, member in value.items()}
    kinds = {"string": str, "integer": int, "boolean": bool}
    assert isinstance(value, kinds[schema["type"]]), f"{value!r} is no {schema['type']}"
    assert "enum" not in schema or value in schema["enum"], value
    return value


def _flat(operation: Operation) -> tuple[Parameter, ...]:
    found = []
    for parameter in operation.parameters:
        if parameter.location != "body":
            found.append(Parameter(parameter.name, parameter.location, parameter.required, dict(parameter.schema)))
            continue
        required = parameter.schema.get("required", [])
        for name, schema in parameter.schema["properties"].items():
            found.append(Parameter(name, "body", name in required, schema))
    return tuple(found)


def _resolved(document: Json, node: Any) -> Any:
    if isinstance(node, list):
        return [_resolved(document, item) for item in node]
    if not isinstance(node, dict):
        return node
    if "$ref" in node:
        target: Any = document
        for step in node["$ref"].removeprefix("#/").split("/"):
            target = target[step]
        return _resolved(document, target)
    return {name: _resolved(document, member) for name, member in node.items()}


def typed(value: Any, schema: Json) -> Any:
    """A result as a formula sees it: it has all members of its type, and those that are absent are blank."""
    if value is None:
        return None
    if "type" not in schema:
        return Untyped(value)
    if schema["type"] == "object":
        return {name: typed(value.get(name), member) for name, member in schema["properties"].items()}
    if schema["type"] == "array":
        return [typed(item, schema["items"]) for item in value]
    return value
