"""Actions that call services through connections: which operation they mean, and the request that reaches it.

Sources: the generated classes of Azure/logicapps-sdk for paths and queries, exported cloud flows for parameters such as
`emailMessage/To`, and "x-ms-url-encoding" of the OpenAPI extensions for paths.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from workflow_player.errors import FlowError
from workflow_player.flow import Flow, api_name
from workflow_player.messages import Request
from workflow_player.schemas import check_value
from workflow_player.services.operations import Operation, Service

Json = dict[str, Any]

_CONSUMPTION = re.compile(r"@\{?parameters\('\$connections'\)\['([^']+)'\]\??\['connectionId'\]\}?")
PLAIN_INPUTS = {"host", "method", "path", "queries", "headers", "body", "retryPolicy", "authentication"}
OPEN_API_INPUTS = {"host", "parameters", "authentication", "retryPolicy"}


@dataclass(frozen=True)
class Target:
    service: Service
    operation: Operation


def service_of(flow: Flow, services: Mapping[str, Service], action: Json) -> Service:
    """The service that an action's connection leads to."""
    inputs = action.get("inputs", {})
    name = connection_of(flow, action)
    if name not in flow.connections:
        known = ", ".join(flow.connections) or "none"
        raise FlowError(f"the flow has no connection {name}; there are: {known}")
    api = flow.connections[name]
    host = inputs.get("host", {})
    # Exported flows leave the apiId of a custom connector empty: it is another one in each environment.
    if host.get("apiId") and api_name({"id": host["apiId"]}) != api:
        raise FlowError(f"apiId {host['apiId']} is not the API of the connection {name}, {api}")
    if api not in services:
        raise FlowError(f"the play has no service {api}; there are: {', '.join(services) or 'none'}")
    return services[api]


def connection_of(flow: Flow, action: Json) -> str:
    """The name of an action's connection in the flow, which is told without evaluating anything."""
    inputs = action.get("inputs", {})
    if action["type"] == "ServiceProvider":
        return str(inputs["serviceProviderConfiguration"]["connectionName"])
    host = inputs.get("host", {})
    if action["type"].startswith("OpenApi"):
        return str(host.get("connectionName") or host.get("connectionReferenceName"))
    connection = host.get("connection", {})
    if flow.dialect == "standard":
        if "referenceName" not in connection:
            raise FlowError("host.connection has no referenceName, which is how Standard names connections")
        return str(connection["referenceName"])
    found = _CONSUMPTION.fullmatch(str(connection.get("name")))
    if not found:
        raise FlowError("host.connection.name is not @parameters('$connections')['NAME']['connectionId']")
    return found[1]


def request_by_path(service: Service, inputs: Json) -> tuple[Operation, Request]:
    """Of ApiConnection, with evaluated inputs."""
    _only(inputs, PLAIN_INPUTS)
    method, path = str(inputs.get("method", "")), str(inputs.get("path", ""))
    operation = service.by_path(method, path)
    queries, headers = inputs.get("queries", {}), inputs.get("headers", {})
    values = operation.path_values(path) or {}
    _check_named(operation, "path", values)
    _check_named(operation, "query", queries)
    own_headers = {name: value for name, value in headers.items() if name.lower() not in ("content-type", "accept")}
    _check_named(operation, "header", own_headers, case=False)
    _check_body(operation, inputs.get("body"), given="body" in inputs)
    return operation, Request.of(method, path, queries, headers, inputs.get("body"))


def request_by_id(service: Service, inputs: Json) -> tuple[Operation, Request]:
    """Of OpenApiConnection, with evaluated inputs.

    Parameters have the names of the operation's; those of its body's members follow the body's name and a slash.
    """
    _only(inputs, OPEN_API_INPUTS)
    operation = service.by_id(inputs.get("host", {}).get("operationId", ""))
    given, body = _sorted(operation, inputs.get("parameters", {}))
    for place, values in given.items():
        _check_named(operation, place, values)
    _check_body(operation, body, given=body is not None)
    path = operation.path
    for name, value in given["path"].items():
        parameter = operation.parameter("path", name)
        text = str(value)
        for _ in range(parameter.times if parameter else 1):
            text = quote(text, safe="")
        path = path.replace(f"{{{name}}}", text)
    return operation, Request.of(operation.method, path, given["query"], given["header"], body)


def check_names(operation: Operation, inputs: Json) -> None:
    """Check names and what is required, in inputs whose values are still expressions. Raises FlowError."""
    if "path" in inputs:
        _only(inputs, PLAIN_INPUTS)
        _check_named(operation, "query", inputs.get("queries", {}), types=False)
        body = inputs.get("body")
    else:
        _only(inputs, OPEN_API_INPUTS)
        given, body = _sorted(operation, inputs.get("parameters", {}))
        for place, values in given.items():
            _check_named(operation, place, values, types=False)
    if isinstance(body, str):
        return
    _check_body(operation, body, given=body is not None, types=False)


def _sorted(operation: Operation, parameters: Json) -> tuple[dict[str, Json], Any]:
    """Parameters of an operation by their places, and the body that the rest makes."""
    given: dict[str, Json] = {"path": {}, "query": {}, "header": {}}
    body: Any = None
    for name, value in parameters.items():
        place = next((place for place in given if operation.parameter(place, name)), None)
        if place:
            given[place][name] = value
            continue
        first, slash, member = name.partition("/")
        if not operation.parameter("body", first):
            known = ", ".join(parameter.name for parameter in operation.parameters)
            raise FlowError(f"{operation.operation_id} has no parameter {name}; there are: {known}")
        body = _with_member(body, member.split("/"), value) if slash else value
    return given, body


def _with_member(body: Any, steps: list[str], value: Any) -> Json:
    made = dict(body or {})
    made[steps[0]] = _with_member(made.get(steps[0]), steps[1:], value) if len(steps) > 1 else value
    return made


def _check_named(
    operation: Operation, place: str, values: Mapping[str, Any], *, case: bool = True, types: bool = True
) -> None:
    known = {
        parameter.name if case else parameter.name.lower(): parameter for parameter in operation.of_location(place)
    }
    for name, value in values.items():
        key = name if case else name.lower()
        if key not in known:
            shown = ", ".join(known) or "none"
            raise FlowError(f"{operation.operation_id} has no {place} parameter {name}; there are: {shown}")
        if value is not None:
            check_value(
                value, known[key].schema, name, text_is_enough=place in ("path", "query", "header"), types=types
            )
    given = {name if case else name.lower() for name, value in values.items() if value is not None}
    for name, parameter in known.items():
        if parameter.required and name not in given:
            raise FlowError(f"{operation.operation_id} needs the {place} parameter {parameter.name}")


def _check_body(operation: Operation, value: Any, *, given: bool, types: bool = True) -> None:
    parameters = operation.of_location("body")
    if not parameters:
        if given and value is not None:
            raise FlowError(f"{operation.operation_id} has no body")
        return
    (parameter,) = parameters
    if value is None:
        if parameter.required:
            raise FlowError(f"{operation.operation_id} needs the parameter {parameter.name}, its body")
        return
    check_value(value, parameter.schema, parameter.name, types=types)


def _only(inputs: Json, known: set[str]) -> None:
    unknown = inputs.keys() - known
    if unknown:
        raise FlowError(f"unknown inputs: {', '.join(sorted(unknown))}; there are: {', '.join(sorted(known))}")
