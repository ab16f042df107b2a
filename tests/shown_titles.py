"""Titles of outputs as the designers of Logic Apps and Power Automate show them: after those of all their ancestors.

Source: the parser of the designer, logic-apps-shared in github.com/Azure/LogicAppsUX.
"""

from collections.abc import Iterator
from typing import Any

from connector.contract.validation import resolved

Json = dict[str, Any]


def outputs(schema: Json, document: Json, above: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The titles of each output, after those of its ancestors."""
    schema = resolved(schema, document)
    for member in schema.get("properties", {}).values():
        titles = (*above, member["x-ms-summary"])
        yield titles
        for inner in (member, member.get("items", {})):
            yield from outputs(inner, document, titles)
