"""Prints the demo on a terminal: headings, requests and responses, abbreviated for people to read."""

import json
import textwrap
from urllib.parse import urlsplit

import requests

WIDTH = 110
INDENT = "    "
LONGEST_LINE = WIDTH - len(INDENT)
MOST_MEMBERS = 16
MOST_LINES = 100
MOST_CHARACTERS = 300


def heading(title: str, explanation: str) -> None:
    """Print the title of a step, underlined, and its explanation."""
    say(f"\n\n{title}\n{'=' * len(title)}\n{textwrap.fill(explanation, WIDTH)}")


def say(text: str) -> None:
    """Print text immediately, even if the output is a pipe."""
    print(text, flush=True)


def show_request(method: str, url: str, body: object) -> None:
    """Print a line such as `POST /api/files`, and the body below it."""
    address = urlsplit(url)
    say(f"\n{method} {address.path}{f'?{address.query}' if address.query else ''}")
    if body is not None:
        show_json(body)


def show_response(response: requests.Response) -> None:
    """Print a line such as `200 OK`, and the body below it; for a body that is not JSON, its type and size."""
    say(f"\n{response.status_code} {response.reason}")
    try:
        if response.content:
            show_json(response.json())
    except requests.JSONDecodeError:
        content_type = response.headers.get("Content-Type", "no content type")
        say(f"{INDENT}({content_type}, {len(response.content):,} bytes)")


def show_json(value: object) -> None:
    """Print a JSON value, abbreviated and indented."""
    say(textwrap.indent(render(abbreviate(value)), INDENT))


def abbreviate(value: object) -> object:
    """Abbreviate long strings, arrays and objects in a JSON value."""
    match value:
        case dict():
            members = {name: abbreviate(member) for name, member in list(value.items())[:MOST_MEMBERS]}
            return members if len(value) <= MOST_MEMBERS else members | {"…": f"{len(value) - MOST_MEMBERS:,} more"}
        case list():
            items = [abbreviate(item) for item in value[:MOST_MEMBERS]]
            return items if len(value) <= MOST_MEMBERS else [*items, f"… {len(value) - MOST_MEMBERS:,} more"]
        case str():
            return abbreviate_text(value)
        case _:
            return value


def abbreviate_text(text: str) -> str:
    """Shorten base64 to `iVBORw0… (45,312 characters)`, many lines to the first and last, a long line to its start."""
    lines = text.splitlines()
    if len(lines) > MOST_LINES:
        half = MOST_LINES // 2
        return "\n".join([*lines[:half], f"… ({len(lines) - 2 * half:,} lines) …", *lines[-half:]])
    if len(lines) > 1 or len(text) <= MOST_CHARACTERS:
        return text
    kept = MOST_CHARACTERS // 2 if " " in text else 7
    return f"{text[:kept]}… ({len(text):,} characters)"


def render(value: object) -> str:
    """Format a JSON value for people: on one line if it fits, and multiline text as a block."""
    flat = json.dumps(value, ensure_ascii=False)
    match value:
        case str() if is_block(value):
            return "\n" + textwrap.indent(value.rstrip(), "  | ", lambda _: True)
        case dict() if len(flat) > LONGEST_LINE or "\\n" in flat:
            return nest("{", [(f'"{name}":', member) for name, member in value.items()], "}")
        case list() if len(flat) > LONGEST_LINE or "\\n" in flat:
            return nest("[", [("", item) for item in value], "]")
        case _:
            return flat


def is_block(value: object) -> bool:
    """Whether a value is multiline text."""
    return isinstance(value, str) and "\n" in value.strip()


def nest(opening: str, members: list[tuple[str, object]], closing: str) -> str:
    """Format the members of an object or array, one per line; no comma follows a block of text."""
    lines = [opening]
    for label, value in members:
        is_last = len(lines) == len(members)
        comma = "" if is_last or is_block(value) else ","
        separator = " " if label and not is_block(value) else ""
        lines.append(textwrap.indent(f"{label}{separator}{render(value)}{comma}", "  "))
    return "\n".join([*lines, closing])
