"""The agents' document: OpenAPI 3.0, for software that makes a tool of each operation.

Importers support different subsets, so it has only what all of them read: JSON, one security scheme, and no extensions
but OpenAI's. Parameters, bodies and successful responses are inlined, each schema once for an operation; errors, which
tools do not describe, are references. So are later successful responses with the schema of an earlier one, if it is so
long that it would be a burden in a prompt. What no model reads is omitted: headers of responses, members for operators,
and the errors that every operation can return, which its `default` describes.
"""

import json
from typing import Any

from .published import (
    JSON_TYPE,
    PublishedOperation,
    open_to_members,
    published_operations,
    references,
    without_extensions,
)
from .validation import followed, resolved

Json = dict[str, Any]

_LONG_CHARACTERS = 2000
"""Of a schema's JSON. A component costs little more than one repetition."""

_OF_ALL_OPERATIONS = ("401", "403", "429", "500", "502", "503", "504")


def agents_document(source: Json) -> Json:
    """The document, without an address in `servers`."""
    paths: Json = {}
    for operation in published_operations(source):
        if not operation.returns_bytes:
            paths.setdefault(operation.path, {})[operation.method] = _operation(operation, source)
    schemas = _shared_schemas(paths, source)
    document: Json = without_extensions(
        {
            "openapi": source["openapi"],
            "info": source["info"],
            "servers": [],
            "security": source["security"],
            "tags": source["tags"],
            "paths": paths,
            "components": {
                "securitySchemes": source["components"]["securitySchemes"],
                **_components(paths, source, schemas),
            },
        }
    )
    return document


def _operation(operation: PublishedOperation, source: Json) -> Json:
    derived = {name: part for name, part in operation.entry.items() if name != "parameters"}
    if operation.parameters:
        derived["parameters"] = [_parameter(resolved(parameter, source)) for parameter in operation.parameters]
    if operation.body is not None:
        derived["requestBody"] = {**operation.body, "content": {JSON_TYPE: operation.body["content"][JSON_TYPE]}}
    derived["responses"] = {
        status: _success(status, operation, source) if status.startswith("2") else response
        for status, response in derived["responses"].items()
        if status not in _OF_ALL_OPERATIONS
    }
    return derived


def _success(status: str, operation: PublishedOperation, source: Json) -> Json:
    """A successful response. The schema of the first describes the others, too: a 202 has the members of a 200."""
    response: Json = followed(operation.entry["responses"][status], source)
    if status != operation.success[0] and "content" in response:
        schema = {"type": "object", "description": f"The same members as with status {operation.success[0]}."}
        response = {**response, "content": {JSON_TYPE: {"schema": schema}}}
    return _inlined(_without_headers(response), source)


def _shared_schemas(paths: Json, source: Json) -> Json:
    """Long schemas of successful responses that occur several times, by their names in openapi.yaml. All but the first
    occurrence are replaced by references.
    """
    names = {
        json.dumps(_inlined({"$ref": f"#/components/schemas/{name}"}, source)): name
        for name in source["components"]["schemas"]
    }
    found: set[str] = set()
    shared: Json = {}
    for operation in (operation for item in paths.values() for operation in item.values()):
        for status, response in operation["responses"].items():
            media = response.get("content", {}).get(JSON_TYPE, {}) if status.startswith("2") else {}
            text = json.dumps(media.get("schema"))
            if len(text) < _LONG_CHARACTERS or text not in names:
                continue
            if text in found:
                shared[names[text]] = media["schema"]
                media["schema"] = {"$ref": f"#/components/schemas/{names[text]}"}
            found.add(text)
    return shared


def _inlined(node: Json, source: Json) -> Json:
    derived: Json = open_to_members(_without_members_for_operators(resolved(node, source)))
    return derived


def _without_members_for_operators(node: Any) -> Any:
    """Without the properties of schemas that are marked `x-for-operators`."""
    if isinstance(node, dict):
        return {
            name: _without_members_for_operators(part)
            for name, part in node.items()
            if not (isinstance(part, dict) and part.get("x-for-operators"))
        }
    return [_without_members_for_operators(item) for item in node] if isinstance(node, list) else node


def _without_headers(response: Json) -> Json:
    return {name: part for name, part in response.items() if name != "headers"}


def _parameter(parameter: Json) -> Json:
    """The parameter, with its description in the schema too: some importers show models only the schema."""
    if "description" not in parameter:
        return parameter
    return {**parameter, "schema": {**parameter["schema"], "description": parameter["description"]}}


def _components(paths: Json, source: Json, schemas: Json) -> Json:
    """What the paths refer to, and what that refers to, by section and name; and these schemas."""
    found: Json = {"schemas": schemas}
    missing = [target for target in references(paths) if target.rpartition("/")[2] not in schemas]
    while missing:
        for target in missing:
            section, name = target.split("/")[-2:]
            part = open_to_members(followed({"$ref": target}, source))
            found.setdefault(section, {})[name] = _without_headers(part) if section == "responses" else part
        known = {f"#/components/{section}/{name}" for section, names in found.items() for name in names}
        missing = [target for target in references(found) if target not in known]
    return found
