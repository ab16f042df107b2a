"""JSON as callers send it, and what is wrong with a text that is almost JSON.

It knows nothing of requests and of the contract.
"""

import json
import re
from collections import Counter
from typing import Any

from ..bounded_json import has_more_values
from ..errors import InvalidRequest

_MOST_VALUES = 10_000
"""A request with 100 files has 300. A million empty lists would take a second, and a hundred megabytes."""

_NAMES_OF_CONTROLS = {"\n": r"\n", "\r": r"\r", "\t": r"\t", "\b": r"\b", "\f": r"\f"}
_OTHER_LITERALS = {
    "True": "true",
    "TRUE": "true",
    "False": "false",
    "FALSE": "false",
    "None": "null",
    "NULL": "null",
    "undefined": "null",
}
_TYPOGRAPHIC = "\u201c\u201d\u201e\u2018\u2019\u00ab\u00bb"
_GZIP = b"\x1f\x8b"
_FORM = re.compile(r"\s*[\w.$-]+=")


def parsed(text: bytes, example: str) -> Any:
    """The value of a JSON text in UTF-8, UTF-16 or UTF-32, with or without a byte order mark.

    `example` is a valid text, for messages. Raises InvalidRequest.
    """
    if not text.strip():
        raise InvalidRequest(f"The body is empty. Send a JSON object, as in {example}.")
    if text.startswith(_GZIP):
        raise InvalidRequest(
            "The body is compressed with gzip, and no header says so. Send Content-Encoding: gzip.",
            target="Content-Encoding",
        )
    try:
        characters = text.decode(json.detect_encoding(text), "surrogatepass")
        if has_more_values(characters, _MOST_VALUES):
            raise InvalidRequest(
                f"The body has more than {_MOST_VALUES:,} members and items, or is nested too deeply. Send a flat JSON "
                f"object, as in {example}."
            )
        return json.loads(characters, object_pairs_hook=_members)
    except RecursionError:
        raise InvalidRequest("The body is nested too deeply. Send a flat JSON object.") from None
    except UnicodeDecodeError:
        raise InvalidRequest("The body is not UTF-8 text. Encode it as UTF-8.") from None
    except json.JSONDecodeError as failure:
        place = f"at line {failure.lineno}, column {failure.colno}"
        raise InvalidRequest(_explained(failure, place, example)) from None
    except ValueError:  # Python reads no number of thousands of digits
        raise InvalidRequest("The body has a number that is too long. Send fewer digits.") from None


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A JSON object. Of two members with the same name, the first would be lost silently."""
    members = dict(pairs)
    if len(members) < len(pairs):
        counts = Counter(name for name, _ in pairs)
        duplicate = next(name for name, count in counts.items() if count > 1)[:60]
        raise InvalidRequest(f"Duplicate member '{duplicate}'. Send it once.", target=duplicate)
    return members


def _is_other_number(text: str, position: int) -> bool:
    """Whether the parser stopped in a number as other languages write it: 0x10, 060, +60, .5, 1_000, 1,000, 60s."""
    rest, before = text[position : position + 2], text[max(position - 30, 0) : position]
    if re.match(r"[+.]\d|-\.", rest):
        return True
    if re.match(r"\d", rest):  # where a name of a member is due, or after a leading zero
        return re.search(r"\d,?$", before) is not None
    return re.match(r"[\w.]", rest) is not None and re.search(r"[:,\[\s]-?\d+(\.\d+)?$", before) is not None


def _explained(failure: json.JSONDecodeError, place: str, example: str) -> str:
    """The mistake, if it is one that people make; otherwise, what the parser expected."""
    text, position = failure.doc, failure.pos
    at = text[position : position + 1]
    before = text[:position].rstrip()
    if failure.msg.startswith("Invalid control character"):
        written = _NAMES_OF_CONTROLS.get(at) or f"\\u{ord(at):04x}"
        what = {"\n": "a line break", "\r": "a line break", "\t": "a tab"}.get(at, "a control character")
        return f"The body is not JSON: a text has {what} {place}. Write it as {written}."
    if failure.msg.startswith("Invalid \\"):
        return f"The body is not JSON: a text has a single backslash {place}. Write a backslash as \\\\."
    if failure.msg.startswith("Unterminated string"):
        return (
            f"The body is not JSON: the text that begins {place} has no end. Send the complete body, and end the text."
        )
    if failure.msg.startswith("Extra data"):
        return f"The body has more after its JSON value, {place}. Send one JSON object."
    if "trailing comma" in failure.msg or (at and at in ",}]" and before.endswith(",")):
        return f"The body is not JSON: a comma is followed by nothing {place}. Remove the comma."
    if _is_other_number(text, position):
        return (
            f"The body is not JSON: a number is not written as in JSON {place}. Write it in decimal digits, without a "
            "plus sign, separators, leading zeros or a unit."
        )
    if failure.msg.startswith("Expecting value") and at and at in ",}]":
        return f"The body is not JSON: a value is missing {place}. Write one, or null."
    if failure.msg.startswith("Expecting ':'") and position < len(text.rstrip()):
        return f"The body is not JSON: a colon is missing {place}. Write one between each name and its value."
    if text[max(position - 2, 0) : position + 1] == '"""':
        return (
            f"The body is not JSON: it has three double quotes {place}. Write one around a text, and line breaks in "
            "it as \\n."
        )
    if position == 0 and text.startswith("```"):
        return "The body has a Markdown fence around its JSON. Send the JSON alone."
    if at == "`":
        return f"The body is not JSON: it has a backtick {place}. Use double quotes around names and texts."
    if at == "'":
        return f"The body is not JSON: it has a single quote {place}. Use double quotes around names and texts."
    if at and at in _TYPOGRAPHIC:
        return f"The body is not JSON: it has the quotation mark {at} {place}. Use plain double quotes."
    if at in ("/", "#") and position:
        return f"The body is not JSON: it has a comment {place}. Remove it."
    if position == len(failure.doc.rstrip()) and position:
        return f"The body is not JSON: it ends too early, {place}. Send the complete body."
    word = re.match(r"[A-Za-z_$][\w$-]*", text[position : position + 60])
    if word is not None and word[0] in _OTHER_LITERALS:
        return f"The body is not JSON: it has {word[0]} {place}. Write {_OTHER_LITERALS[word[0]]}."
    if failure.msg.startswith("Expecting property name") and word is not None:
        return f"The body is not JSON: the name {word[0]} has no quotes {place}. Put it in double quotes."
    if at == "\\":
        return f"The body is not JSON: it has a backslash outside a text {place}. Remove it."
    if failure.msg.startswith("Expecting ',' delimiter") and at == '"' and not text.startswith('""', position):
        return f"The body is not JSON: a comma is missing {place}. Add it."
    if failure.msg.startswith("Expecting ',' delimiter") and before.endswith('"'):
        return (
            f'The body is not JSON: a double quote ends a text too early {place}. Write it as \\" within a text; in a '
            "workflow, let an expression quote text instead of typing the quotes."
        )
    if position == 0 and _FORM.match(text):
        return f"The body looks like the fields of a form, not like JSON. Send a JSON object, as in {example}."
    if position == 0:
        return f"The body is not JSON: it begins with {text[:20]!r}. Send a JSON object, as in {example}."
    return (
        f"The body is not JSON: {failure.msg} {place}. In a workflow, let an expression quote text instead of typing "
        "the quotes."
    )
