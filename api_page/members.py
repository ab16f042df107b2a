"""Schemas of openapi.yaml as table rows: each member with its type, limits and description."""

from collections.abc import Iterable
from typing import Any

Json = dict[str, Any]

_CHARACTERS = {"^[A-Za-z0-9-]+$": "letters, digits and hyphens"}
_FORMATS = {"byte": "base64", "binary": "bytes", "date-time": "date and time"}
"""Others, such as int64, are for generators of clients."""


def table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> list[str]:
    """The lines of a Markdown table."""
    lines = [head, ("---",) * len(head), *rows]
    return ["| " + " | ".join(line) + " |" for line in lines]


def input_row(name: str, schema: Json, required: bool, description: str) -> tuple[str, ...]:
    """Name, type with limits, "required" or the default, and description."""
    default = f"`{_json(schema['default'])}`" if "default" in schema else "optional"
    return (f"`{name}`", type_text(schema), "required" if required else default, description)


def body_rows(schema: Json, place: str = "") -> list[tuple[str, ...]]:
    """A row per member of a request body; the members of a list's items follow the list."""
    rows: list[tuple[str, ...]] = []
    for name, member in schema["properties"].items():
        rows.append(input_row(f"{place}{name}", member, name in schema.get("required", []), member["description"]))
        if member.get("items", {}).get("type") == "object":
            rows += body_rows(member["items"], f"{place}{name}[].")
    return rows


def response_rows(schema: Json, place: str = "") -> list[tuple[str, ...]]:
    """A row per member of a response; the members of objects and of lists' items follow them."""
    rows: list[tuple[str, ...]] = []
    for name, member in schema["properties"].items():
        present = "always" if name in schema.get("required", []) else "not always"
        rows.append((f"`{place}{name}`", type_text(member), present, member["description"]))
        inner, end = (member["items"], "[].") if "items" in member else (member, ".")
        if inner.get("properties"):
            rows += response_rows(inner, f"{place}{name}{end}")
    return rows


def type_text(schema: Json) -> str:
    """The type with its limits, such as `integer, 1 to 220`."""
    if "type" not in schema:
        return "any JSON"
    words = [schema["type"]]
    if schema["type"] == "array":
        items = schema["items"]
        kind = "files" if items.get("format") == "binary" else "strings" if items.get("type") == "string" else "objects"
        words = [f"array of {kind}"]
    if "enum" in schema:
        words.append(one_of(schema["enum"]))
    elif schema.get("format") in _FORMATS:
        words.append(_FORMATS[schema["format"]])
    for least, most, what in (
        ("minLength", "maxLength", _CHARACTERS.get(schema.get("pattern", ""), "characters")),
        ("minItems", "maxItems", "items"),
        ("minimum", "maximum", ""),
    ):
        if most in schema:
            lowest = f"{schema[least]:,} to" if least in schema else "at most"
            words.append(f"{lowest} {schema[most]:,} {what}".strip())
    return ", ".join(words)


def one_of(names: list[str]) -> str:
    """The names as text: "`a`, `b` or `c`"."""
    *others, last = (f"`{name}`" for name in names)
    return f"{', '.join(others)} or {last}" if others else last


def _json(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
