"""The document for generated clients: OpenAPI 3.0 with all operations, headers and media types of openapi.yaml.

Its schemas are shared, so that a generator makes one class of each. It differs from openapi.yaml in that responses may
have more members, as later versions do, and that it has no extensions.
"""

from typing import Any

from .published import open_to_members, without_extensions
from .validation import METHODS

Json = dict[str, Any]

_ANY_TYPE = "*/*"
"""Of files. Generators do not support it, and know the other type that openapi.yaml has for bytes."""


def clients_document(source: Json) -> Json:
    """The document, without an address in `servers`."""
    document: Json = without_extensions({**source, "servers": []})
    components = {
        section: open_to_members(parts) if section in ("responses", "schemas") else parts
        for section, parts in document["components"].items()
    }
    paths = {path: _item(item) for path, item in document["paths"].items()}
    return {**document, "paths": paths, "components": components}


def _item(item: Json) -> Json:
    return {
        name: {**part, "responses": {status: _response(response) for status, response in part["responses"].items()}}
        if name in METHODS
        else part
        for name, part in item.items()
    }


def _response(response: Json) -> Json:
    derived: Json = open_to_members(response)
    if "content" in derived:
        derived["content"] = {name: media for name, media in derived["content"].items() if name != _ANY_TYPE}
    return derived
