"""The makers' document: Swagger 2.0, for custom connectors in Power Platform and Logic Apps.

It meets the rules of their import and certification beyond the specification. One response of an operation has a
schema, and other statuses only a description; a `$ref` has no siblings. Headers of responses are omitted, which a
designer would offer as outputs, and redirections (3XX), for which Swagger 2.0 has no form. Sources: "Coding
standards", "OpenAPI extensions" and "Swagger validator rules" in the documentation of Microsoft's connectors.
"""

from collections.abc import Iterable
from typing import Any
from urllib.parse import urlsplit

from .published import JSON_TYPE, PublishedOperation, open_to_members, published_operations, reached
from .validation import followed, resolved

Json = dict[str, Any]

_SCHEMA_MEMBERS = {
    "additionalProperties",
    "allOf",
    "default",
    "description",
    "enum",
    "example",
    "exclusiveMaximum",
    "exclusiveMinimum",
    "format",
    "items",
    "maxItems",
    "maxLength",
    "maximum",
    "minItems",
    "minLength",
    "minimum",
    "multipleOf",
    "pattern",
    "properties",
    "required",
    "title",
    "type",
    "uniqueItems",
}
"""Those that Swagger 2.0 has too. A schema with `anyOf` and the like gets no type, which means any."""

_BYTES_TYPE = "application/octet-stream"
"""For files of any type: designers do not support `*/*`."""

_NOT_IN_PARAMETERS = {"additionalProperties", "allOf", "example", "properties", "required", "title"}


def makers_document(source: Json) -> Json:
    """The document, with None in place of the address."""
    paths: Json = {}
    for operation in published_operations(source):
        paths.setdefault(operation.path, {})[operation.method] = _operation(operation, source)
    found = reached(paths, lambda target: _shared(target, source))
    components = source["components"]
    return {
        "swagger": "2.0",
        "info": source["info"],
        "host": None,
        "schemes": None,
        "basePath": None,
        "consumes": [JSON_TYPE],
        "produces": [JSON_TYPE],
        "paths": paths,
        "definitions": _section("definitions", found, components["schemas"]),
        "parameters": _section("parameters", found, components.get("parameters", {})),
        "securityDefinitions": components["securitySchemes"],
        "security": source["security"],
        "tags": source["tags"],
        **{name: value for name, value in source.items() if name.startswith("x-ms-")},
    }


def address(base_url: str) -> Json:
    """`{host, schemes, basePath}`. The first two are None if `base_url` is only a path."""
    parts = urlsplit(base_url)
    return {
        "host": parts.netloc or None,
        "schemes": [parts.scheme] if parts.scheme else None,
        "basePath": parts.path or "/",
    }


def _operation(operation: PublishedOperation, source: Json) -> Json:
    derived: Json = {
        name: value
        for name, value in operation.entry.items()
        if name in ("operationId", "tags", "summary", "description", "deprecated") or name.startswith("x-ms-")
    }
    parameters = [_parameter_or_reference(parameter, source) for parameter in operation.parameters]
    if operation.body is not None:
        derived["consumes"] = [JSON_TYPE]
        parameters.append(_body(operation.body, source))
    derived["produces"] = [_BYTES_TYPE] if operation.returns_bytes else [JSON_TYPE]
    if parameters:
        derived["parameters"] = parameters
    derived["responses"] = {
        status: {"description": followed(response, source)["description"]}
        for status, response in operation.entry["responses"].items()
        if not status.startswith("3")
    }
    status, success = operation.success
    for media in success.get("content", {}).values():
        derived["responses"][status]["schema"] = open_to_members(_schema(media["schema"], source))
    return derived


def _parameter_or_reference(parameter: Json, source: Json) -> Json:
    if "$ref" in parameter:
        return {"$ref": parameter["$ref"].replace("#/components/", "#/")}
    return _parameter(parameter, source)


def _parameter(parameter: Json, source: Json) -> Json:
    """A parameter of the path, the query or a header. In Swagger 2.0 the members of its schema are its own."""
    schema = _schema(resolved(parameter["schema"], source), source)
    derived: Json = {
        **{name: parameter[name] for name in ("name", "in", "required") if name in parameter},
        **{name: value for name, value in schema.items() if name not in _NOT_IN_PARAMETERS},
        **{name: value for name, value in parameter.items() if name == "description" or name.startswith("x-ms-")},
    }
    if parameter["in"] == "path":
        derived["x-ms-url-encoding"] = "single"
    return derived


def _body(body: Json, source: Json) -> Json:
    """The body as one parameter. Its schema is inlined: designers show a field for each of its members. It has no
    title, which would begin the title of each of them.
    """
    schema = _schema(body["content"][JSON_TYPE]["schema"], source)
    return {
        "name": "body",
        "in": "body",
        "required": body.get("required", False),
        **{name: value for name, value in body.items() if name == "description" or name.startswith("x-ms-")},
        "schema": {name: value for name, value in schema.items() if name != "title"},
    }


def _schema(node: Json, source: Json) -> Json:
    """The schema in Swagger 2.0. References to objects become references to definitions; others are resolved."""
    if "$ref" in node:
        target = followed(node, source)
        if target.get("type") == "object":
            return {"$ref": "#/definitions/" + node["$ref"].rsplit("/", 1)[-1]}
        return _schema(target, source)
    schema: Json = {}
    for name, value in node.items():
        if name == "properties":
            schema[name] = {member: _schema(inner, source) for member, inner in value.items()}
        elif name == "allOf":
            schema[name] = [_schema(inner, source) for inner in value]
        elif name in ("items", "additionalProperties") and isinstance(value, dict):
            schema[name] = _schema(value, source)
        elif name in _SCHEMA_MEMBERS or name.startswith("x-ms-"):
            schema[name] = value
    return schema


def _shared(target: str, source: Json) -> Json:
    """What a reference in a derived operation or schema points to."""
    _, section, name = target.split("/")
    if section == "parameters":
        return _parameter(source["components"]["parameters"][name], source)
    shared: Json = open_to_members(_schema(source["components"]["schemas"][name], source))
    return shared


def _section(name: str, found: Json, names: Iterable[str]) -> Json:
    """The parts of a section that were found, in the order of openapi.yaml."""
    return {each: found[f"#/{name}/{each}"] for each in names if f"#/{name}/{each}" in found}
