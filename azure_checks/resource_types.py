"""The types of the resources that infra/ makes, as far as it uses them: resource_types.json, and how to read it.

The file is derived from Microsoft's published types by `python -m azure_checks.derive_types`. A type is one of:

    "string" "int" "bool" "any"                 "object" "array"    with nothing known of what is inside
    {"enum": [value, ...]}                      one of these strings
    {"items": type}                             an array
    {"properties": {name: type}, "required": [name], "readOnly": [name], "additional": type}
    {"by": name, "cases": {value: type}}        an object whose shape depends on one of its properties
    "not derived"                               infra/ did not use this part when the file was written
"""

import json
from functools import cache
from pathlib import Path
from typing import Any

Type = Any
"""As above; None stands for what cannot be known without deploying."""

FILE = Path(__file__).with_name("resource_types.json")
NOT_DERIVED = "not derived"


@cache
def resource_types() -> dict[str, Type]:
    """The type of each resource's body, by type and version in lower case."""
    types: dict[str, Type] = json.loads(FILE.read_text(encoding="utf-8"))["types"]
    return {name.lower(): body for name, body in types.items()}


def kind(of: Type) -> str:
    """string, int, bool, object, array, null or any."""
    if of is None or of == NOT_DERIVED:
        return "any"
    if isinstance(of, str):
        return of
    if "enum" in of:
        return "string"
    return "array" if "items" in of else "object"
