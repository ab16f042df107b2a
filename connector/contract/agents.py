"""The agents' document: OpenAPI 3.0, for software that makes a tool of each operation.

Importers support different subsets, so it has only what all of them read: JSON, one security scheme, and no extensions
but OpenAI's. Parameters, bodies and successful responses are inlined; errors, which tools do not describe, are
references.
"""

from typing import Any

from .published import JSON_TYPE, PublishedOperation, open_to_members, published_operations, references
from .validation import followed, resolved

Json = dict[str, Any]

_NAMES = ("content", "headers", "paths", "properties", "responses", "schemas", "securitySchemes")
"""Members whose own members are named by the API: those are not extensions, even if they begin with x-."""


def agents_document(source: Json) -> Json:
    """The document, without an address in `servers`."""
    paths: Json = {}
    for operation in published_operations(source):
        if not operation.returns_bytes:
            paths.setdefault(operation.path, {})[operation.method] = _operation(operation, source)
    document: Json = _without_extensions(
        {
            "openapi": source["openapi"],
            "info": source["info"],
            "servers": [],
            "security": source["security"],
            "tags": source["tags"],
            "paths": paths,
            "components": {
                "securitySchemes": source["components"]["securitySchemes"],
                **_components(paths, source),
            },
        }
    )
    return document


def _operation(operation: PublishedOperation, source: Json) -> Json:
    derived = dict(operation.entry)
    if operation.parameters:
        derived["parameters"] = [_parameter(resolved(parameter, source)) for parameter in operation.parameters]
    if operation.body is not None:
        derived["requestBody"] = {**operation.body, "content": {JSON_TYPE: operation.body["content"][JSON_TYPE]}}
    derived["responses"] = {
        status: open_to_members(resolved(response, source)) if status.startswith("2") else response
        for status, response in derived["responses"].items()
    }
    return derived


def _parameter(parameter: Json) -> Json:
    """The parameter, with its description in the schema too: some importers show models only the schema."""
    if "description" not in parameter:
        return parameter
    return {**parameter, "schema": {**parameter["schema"], "description": parameter["description"]}}


def _components(paths: Json, source: Json) -> Json:
    """What the paths refer to, and what that refers to, by section and name."""
    found: Json = {}
    missing = references(paths)
    while missing:
        for target in missing:
            section, name = target.split("/")[-2:]
            found.setdefault(section, {})[name] = open_to_members(followed({"$ref": target}, source))
        known = {f"#/components/{section}/{name}" for section, names in found.items() for name in names}
        missing = [target for target in references(found) if target not in known]
    return found


def _without_extensions(node: Any, are_names: bool = False) -> Any:
    if isinstance(node, dict):
        return {
            name: _without_extensions(value, not are_names and name in _NAMES)
            for name, value in node.items()
            if are_names or not name.startswith("x-") or name.startswith("x-openai-")
        }
    return [_without_extensions(item) for item in node] if isinstance(node, list) else node
