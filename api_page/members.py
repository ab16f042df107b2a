"""Schemas of openapi.yaml as the rows of tables: each member with its type, its limits and its description."""

from collections.abc import Iterable
from typing import Any

Json = dict[str, Any]

_CHARACTERS = {"^[A-Za-z0-9-]+$": "letters, digits and hyphens"}
_FORMATS = {"byte": "base64", "binary": "bytes", "date-time": "date and time"}


def table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> list[str]:
    """The lines of a table in Markdown."""
    lines = [head, ("---",) * len(head), *rows]
    return ["| " + " | ".join(line) + " |" for line in lines]


def input_row(name: str, schema: Json, required: bool, description: str) -> tuple[str, ...]:
    """Name, type with limits, whether it must be sent or what holds without it, and description."""
    unsent = f"`{_json(schema['default'])}`" if "default" in schema else "optional"
    return (f"`{name}`", type_words(schema), "required" if required else unsent, description)


def body_rows(schema: Json, place: str = "") -> list[tuple[str, ...]]:
    """A row for each member that may be sent; those of a list's items below it."""
    rows: list[tuple[str, ...]] = []
    for name, member in schema["properties"].items():
        rows.append(input_row(f"{place}{name}", member, name in schema.get("required", []), member["description"]))
        if member.get("items", {}).get("type") == "object":
            rows += body_rows(member["items"], f"{place}{name}[].")
    return rows


def answer_rows(schema: Json, place: str = "") -> list[tuple[str, ...]]:
    """A row for each member that may come; those of objects and of lists' items below them."""
    rows: list[tuple[str, ...]] = []
    for name, member in schema["properties"].items():
        there = "always" if name in schema.get("required", []) else "not always"
        rows.append((f"`{place}{name}`", type_words(member), there, member["description"]))
        inner, end = (member["items"], "[].") if "items" in member else (member, ".")
        if inner.get("properties"):
            rows += answer_rows(inner, f"{place}{name}{end}")
    return rows


def type_words(schema: Json) -> str:
    """The type and its limits, such as `integer, 1 to 220`."""
    if "type" not in schema:
        return "any JSON"
    words = [schema["type"]]
    if schema["type"] == "array":
        words = [f"array of {'files' if schema['items'].get('format') == 'binary' else 'objects'}"]
    if "enum" in schema:
        words.append(one_of(schema["enum"]))
    elif "format" in schema:
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
    """As in "`a`, `b` or `c`"."""
    *others, last = (f"`{name}`" for name in names)
    return f"{', '.join(others)} or {last}" if others else last


def _json(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
