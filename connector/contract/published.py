"""Which operations of openapi.yaml the derived documents have, and what each takes and answers.

What an operation is decides, not a list of names. Left out of both documents are operations without a key, which are
for machines; HEAD, whose answer is headers that no designer and no model reads; and bodies that cannot be JSON. PutFile
is such a one, although makers could turn on chunking for it: certification knows no media type for raw bytes in bodies
(its rule MimeTypeNotValid), and the HTTP action of workflows does the same.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from .validation import METHODS, followed, resolved

JSON_TYPE = "application/json"

Json = dict[str, Any]


@dataclass(frozen=True)
class PublishedOperation:
    """One operation. `entry` is what openapi.yaml says of it, as it stands there."""

    path: str
    method: str  # in lower case, as the document has it
    entry: Json
    parameters: list[Json]  # those of the path as well; references are kept
    body: Json | None  # the entry `requestBody`, resolved
    success: tuple[str, Json]  # status and answer of the first 2xx; references in its schema are kept

    @property
    def answers_bytes(self) -> bool:
        """True where success is neither JSON nor an empty body."""
        return bool(self.success[1].get("content")) and JSON_TYPE not in self.success[1]["content"]


def published_operations(source: Json) -> Iterator[PublishedOperation]:
    """In the order of openapi.yaml."""
    for path, item in source["paths"].items():
        for method, operation in item.items():
            if method not in METHODS or method == "head" or operation.get("security") == []:
                continue
            body = resolved(operation.get("requestBody"), source)
            if body is not None and JSON_TYPE not in body["content"]:
                continue
            status = min(status for status in operation["responses"] if status.startswith("2"))
            yield PublishedOperation(
                path,
                method,
                operation,
                [*item.get("parameters", []), *operation.get("parameters", [])],
                body,
                (status, followed(operation["responses"][status], source)),
            )


def open_to_members(schema: Any) -> Any:
    """A schema of an answer without `additionalProperties: false`: answers may get members in later versions."""
    if isinstance(schema, dict):
        return {
            name: open_to_members(value)
            for name, value in schema.items()
            if not (name == "additionalProperties" and value is False)
        }
    return [open_to_members(item) for item in schema] if isinstance(schema, list) else schema


def references(node: Any) -> list[str]:
    """What the `$ref`s anywhere in the node point to, each once."""
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            return [node["$ref"]]
        node = list(node.values())
    if isinstance(node, list):
        return list(dict.fromkeys(target for item in node for target in references(item)))
    return []
