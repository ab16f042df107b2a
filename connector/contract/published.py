"""The operations of openapi.yaml that the derived documents have, and their parameters, bodies and responses.

They are not listed by name. The documents for agents and makers omit operations without a key, which are for programs
and browsers; the internal one, the MCP server, which agents call as its protocol defines; headers that only programs
send; HEAD, since neither designers nor models read the headers of a response; and operations whose body cannot be JSON.
PutFile is one of these, although makers could turn on chunking for it: certification accepts no media type for raw
bytes in bodies (its rule MimeTypeNotValid), and the HTTP action of workflows does the same.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from .validation import METHODS, followed, resolved

JSON_TYPE = "application/json"

Json = dict[str, Any]

_NAMES = ("content", "headers", "paths", "properties", "responses", "schemas", "securitySchemes")
"""Members whose own members are named by the API: those are not extensions, even if they begin with x-."""

_KEPT = ("x-openai-", "x-ms-primary-error-message")
"""Beginnings of extensions that importers of OpenAPI 3.0 read. Exceptions of Kiota show the member with the second."""


@dataclass(frozen=True)
class PublishedOperation:
    """One operation. `entry` is its part of openapi.yaml, unchanged."""

    path: str
    method: str  # in lower case, as in the document
    entry: Json
    parameters: list[Json]  # with those of the path, and unresolved references
    body: Json | None  # the entry `requestBody`, resolved
    success: tuple[str, Json]  # status and response of the first 2xx, with unresolved references in its schema

    @property
    def returns_bytes(self) -> bool:
        """Whether its successful response is neither JSON nor an empty body."""
        return bool(self.success[1].get("content")) and JSON_TYPE not in self.success[1]["content"]


def published_operations(source: Json) -> Iterator[PublishedOperation]:
    """In the order of openapi.yaml."""
    for path, item in source["paths"].items():
        for method, operation in item.items():
            if method not in METHODS or method == "head" or operation.get("security") == []:
                continue
            if operation.get("x-ms-visibility") == "internal":
                continue
            body = resolved(operation.get("requestBody"), source)
            if body is not None and JSON_TYPE not in body["content"]:
                continue
            status = min(status for status in operation["responses"] if status.startswith("2"))
            yield PublishedOperation(
                path,
                method,
                operation,
                [
                    parameter
                    for parameter in [*item.get("parameters", []), *operation.get("parameters", [])]
                    if not _is_for_programs(followed(parameter, source))
                ],
                body,
                (status, followed(operation["responses"][status], source)),
            )


def _is_for_programs(parameter: Json) -> bool:
    """Whether neither makers nor models set it: some products forbid headers, and none needs these."""
    return bool(parameter["in"] == "header" and parameter.get("x-ms-visibility") == "internal")


def open_to_members(schema: Any) -> Any:
    """A response's schema without `additionalProperties: false`: later versions may add members."""
    if isinstance(schema, dict):
        return {
            name: open_to_members(value)
            for name, value in schema.items()
            if not (name == "additionalProperties" and value is False)
        }
    return [open_to_members(item) for item in schema] if isinstance(schema, list) else schema


def references(node: Any) -> list[str]:
    """The targets of all `$ref`s in the node, without duplicates."""
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            return [node["$ref"]]
        node = list(node.values())
    if isinstance(node, list):
        return list(dict.fromkeys(target for item in node for target in references(item)))
    return []


def reached(node: Any, follow: Callable[[str], Any]) -> dict[str, Any]:
    """What the node refers to, and what that refers to, by target. `follow` returns what a target stands for."""
    found: dict[str, Any] = {}
    missing = references(node)
    while missing:
        found |= {target: follow(target) for target in missing}
        missing = [target for target in references(found) if target not in found]
    return found


def without_extensions(node: Any, are_names: bool = False) -> Any:
    """The node without members that begin with x-, except OpenAI's, the mark of the message that generated exceptions
    show, and the names of the API.
    """
    if isinstance(node, dict):
        return {
            name: without_extensions(value, not are_names and name in _NAMES)
            for name, value in node.items()
            if are_names or not name.startswith("x-") or name.startswith(_KEPT)
        }
    return [without_extensions(item) for item in node] if isinstance(node, list) else node
