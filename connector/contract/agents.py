"""The agents' document: OpenAPI 3.0, for software that makes a tool of each operation.

Importers support different subsets, so it has only what all of them read: JSON, one security scheme, and no extensions
but OpenAI's. It is put into prompts, so everything is written once. Parameters and bodies, which become the arguments
of a tool, are inlined: with a reference in its place, Semantic Kernel (Python 1.45) shows models an argument without a
type, and the loaders of LangChain (0.4) and LlamaIndex show them the reference; it would be shorter by 3 percent.
Responses, which tools do not describe, refer to shared ones. What no model reads is omitted: tags, examples, headers
of responses, members for operators, and all errors but `default`, which describes them beside a successful response
with a body.
"""

from collections.abc import Callable
from typing import Any

from .published import (
    JSON_TYPE,
    PublishedOperation,
    open_to_members,
    published_operations,
    reached,
    without_extensions,
)
from .validation import followed, resolved

Json = dict[str, Any]

_ERRORS = "default"
"""The response that describes all errors."""


def agents_document(source: Json) -> Json:
    """The document, without an address in `servers`."""
    paths: Json = {}
    for operation in published_operations(source):
        if not operation.returns_bytes:
            paths.setdefault(operation.path, {})[operation.method] = _operation(operation, source)
    document: Json = without_extensions(
        {
            "openapi": source["openapi"],
            "info": source["info"],
            "servers": [],
            "security": source["security"],
            "paths": _without(paths, _is_example),
            "components": {
                "securitySchemes": source["components"]["securitySchemes"],
                **_components(paths, source),
            },
        }
    )
    return document


def _operation(operation: PublishedOperation, source: Json) -> Json:
    derived = {name: part for name, part in operation.entry.items() if name not in ("parameters", "tags")}
    if operation.parameters:
        derived["parameters"] = [_parameter(resolved(parameter, source)) for parameter in operation.parameters]
    if operation.body is not None:
        derived["requestBody"] = {**operation.body, "content": {JSON_TYPE: operation.body["content"][JSON_TYPE]}}
    derived["responses"] = {
        status: response if "$ref" in response else _response(response)
        for status, response in derived["responses"].items()
        if status.startswith("2") or (status == _ERRORS and _has_body(operation))
    }
    return derived


def _has_body(operation: PublishedOperation) -> bool:
    """Whether its successful response has one. If not, importers take `default` for it, and show an error after a
    success: Microsoft 365 Copilot as a card, Semantic Kernel (.NET) as the schema of the result.
    """
    return bool(operation.success[1].get("content"))


def _response(response: Json) -> Json:
    """The response without its headers, and with the members that models read."""
    derived: Json = open_to_members(_without(response, _is_for_operators))
    return {name: part for name, part in derived.items() if name != "headers"}


def _is_for_operators(_name: str, part: Any) -> bool:
    return isinstance(part, dict) and bool(part.get("x-for-operators"))


def _is_example(name: str, part: Any) -> bool:
    """Whether it is the member `example` of a schema or a parameter: a property of this name would be a schema."""
    return name == "example" and not isinstance(part, dict)


def _without(node: Any, is_omitted: Callable[[str, Any], bool]) -> Any:
    """The node without these members, at any depth."""
    if isinstance(node, dict):
        return {name: _without(part, is_omitted) for name, part in node.items() if not is_omitted(name, part)}
    return [_without(item, is_omitted) for item in node] if isinstance(node, list) else node


def _parameter(parameter: Json) -> Json:
    """The parameter, with its description in the schema too: some importers show models only the schema."""
    if "description" not in parameter:
        return parameter
    return {**parameter, "schema": {**parameter["schema"], "description": parameter["description"]}}


def _components(paths: Json, source: Json) -> Json:
    """What the paths refer to, and what that refers to, by section and name."""
    found: Json = {}
    for target, part in reached(paths, lambda target: _response(followed({"$ref": target}, source))).items():
        section, name = target.split("/")[-2:]
        found.setdefault(section, {})[name] = part
    return found
