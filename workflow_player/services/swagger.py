"""Operations of a Swagger 2.0 document, as connectors are made of it."""

from typing import Any

from workflow_player.services.operations import Operation, Parameter

Json = dict[str, Any]
METHODS = ("get", "put", "post", "delete", "patch", "head")


def operations_of(document: Json) -> list[Operation]:
    """Paths are relative to basePath."""
    return [
        Operation(
            operation["operationId"],
            method.upper(),
            path,
            tuple(
                _parameter(document, found) for found in (*item.get("parameters", []), *operation.get("parameters", []))
            ),
        )
        for path, item in document["paths"].items()
        for method, operation in item.items()
        if method in METHODS
    ]


def _parameter(document: Json, found: Json) -> Parameter:
    parameter = _followed(document, found)
    schema = _inlined(document, parameter.get("schema", {**parameter}))
    return Parameter(
        parameter["name"],
        parameter["in"],
        parameter.get("required", False),
        2 if parameter.get("x-ms-url-encoding") == "double" else 1,
        schema,
    )


def _followed(document: Json, node: Json) -> Json:
    while "$ref" in node:
        target: Any = document
        for step in node["$ref"].removeprefix("#/").split("/"):
            target = target[step]
        node = target
    return node


def _inlined(document: Json, node: Any) -> Any:
    """The schema without references. Those of the connector's requests have no circles."""
    if isinstance(node, list):
        return [_inlined(document, item) for item in node]
    if not isinstance(node, dict):
        return node
    return {name: _inlined(document, member) for name, member in _followed(document, node).items()}
