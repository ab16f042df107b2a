"""The prefix of all routes, from host.json."""

import json

from .validation import DOCUMENT_PATH


def route_prefix() -> str:
    """Such as `/api`; `""` if there is none."""
    host: dict[str, dict[str, dict[str, str]]] = json.loads((DOCUMENT_PATH.parent / "host.json").read_text("utf-8"))
    prefix = host["extensions"]["http"]["routePrefix"]
    return f"/{prefix}" if prefix else ""
