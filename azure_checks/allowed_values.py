"""Checks that members which take one of several values have one that Azure's published types list.

Bicep's compiler accepts any string there: its types read `'Dynamic' | 'Manual' | string`, to allow for later values.
allowed_values.json is derived from the same types by derive_allowed_values.py.
"""

import json
from collections.abc import Iterator
from difflib import get_close_matches
from functools import cache
from pathlib import Path

from .compiled import Snapshot, is_expression, strings

FILE = Path(__file__).with_name("allowed_values.json")


@cache
def allowed_values() -> dict[str, dict[str, list[str]]]:
    """By type and version of a resource, the path of each such member and its values."""
    types: dict[str, dict[str, list[str]]] = json.loads(FILE.read_text(encoding="utf-8"))["types"]
    return types


def findings(snapshot: Snapshot) -> Iterator[str]:
    for resource in snapshot.resources:
        type_and_version = f"{resource['type']}@{resource['apiVersion']}"
        allowed = allowed_values().get(type_and_version)
        if allowed is None:
            yield f"allowed_values.json lacks {type_and_version}: run azure_checks.derive_allowed_values"
            continue
        for path, value in strings(resource):
            values = allowed.get(path)
            if values is None or is_expression(value):
                continue
            value = value.rsplit("/", 1)[-1] if path == "name" else value  # a child's name begins with its parent's
            if value not in values:
                near = "".join(f" Is {near!r} meant?" for near in get_close_matches(value, values, n=1))
                yield f"{path} of the {resource['type']} is {value!r}, and must be one of {', '.join(values)}.{near}"
