"""The contents of files in JSON: base64 in the forms that callers have it in, or a data URI.

Base64 with padding, in either alphabet, is what it is. Without padding, or in the alphabet for URLs, it is accepted
unless it may be plain text: a word, a name or a number. So no text is stored as the bytes that it happens to encode.

Workflows wrap files in an object, `{"$content-type", "$content"}`. If that comes as text, or encoded once more, the
file is what it wraps. Base64 within base64 is not decoded: the file may be a text of base64.
"""

import binascii
import json
import re
from urllib.parse import unquote_to_bytes

from ..errors import InvalidFileContent

_DATA_URI = re.compile(r"data:[^,]*?(?P<base64>;base64)?,", re.IGNORECASE)
_LINE_BREAK = re.compile(r"(?<![ \t])[ \t]*+(?:[\r\n]++[ \t]*+)+")
_BETWEEN_WORDS = re.compile("[-_/+]")
_WORD = re.compile("(?=[A-Za-z0-9])(?:[A-Z]?[a-z]{2,}(?:[A-Z][a-z]{2,})*|[A-Z]+|[a-z])?[0-9]*|[0-9a-f]+")
"""Of words, names such as `report-2026` or `monthlyTotal`, numbers, dates and UUIDs."""

_LONGEST_WORDS = 100
"""Characters. A longer text without a space is not plain text."""

_LONGEST_WRAPPER_START = 40
"""Bytes in which a wrapped file begins with its first member, whatever its spaces."""


def decoded(content: str, index: int, name: str = "") -> bytes:
    """The bytes that `content` encodes, for the file `name` at `index` of a request. Copies a long text only if
    necessary.

    Raises InvalidFileContent.
    """
    target = f"files[{index}].fileContent"
    try:
        if (wrapped := _wrapped(content[:_LONGEST_WRAPPER_START], content)) is not None:
            return _bytes(wrapped)
        file = _bytes(content)
        if not name.lower().endswith(".json"):
            wrapped = _wrapped(file[:_LONGEST_WRAPPER_START].decode("latin-1"), file)
        return file if wrapped is None else _bytes(wrapped)
    except ValueError:  # binascii.Error and UnicodeEncodeError are ValueErrors too
        raise InvalidFileContent(
            f"The content of file {index} is not base64, or may be plain text. Encode the bytes with base64(...) in a "
            "workflow or base64.b64encode in Python, with padding; or send text as a data URI, as in "
            "data:text/plain,a%20b.",
            target=target,
        ) from None


def _bytes(content: str) -> bytes:
    """Raises ValueError."""
    data = _DATA_URI.match(content)
    if data is None:
        return _from_base64(content)
    payload = content[data.end() :]
    if re.search("%(?![0-9A-Fa-f]{2})", payload):
        raise ValueError
    unquoted = unquote_to_bytes(payload)
    return _from_base64(unquoted.decode("ascii"), may_be_text=False) if data["base64"] else unquoted


def _from_base64(text: str, *, may_be_text: bool = True) -> bytes:
    """Raises ValueError for anything else, and for text that may be plain text."""
    given = text
    if text[:1].isspace() or text[-1:].isspace():
        text = text.strip(" \t\r\n")
        if len(text) % 4 and " " in given[:1] + given[-1:]:  # a space may once have been a plus, as within the text
            raise ValueError
    if "\n" in text or "\r" in text:  # encoders break lines, and people indent them; other spaces were once a plus
        text = _LINE_BREAK.sub("", text)
    is_for_urls = "-" in text or "_" in text
    if is_for_urls:
        if "+" in text or "/" in text:
            raise ValueError
        text = text.translate({ord("-"): "+", ord("_"): "/"})
    if text.endswith("=") or not (is_for_urls or len(text) % 4):  # as Python and workflows encode
        return binascii.a2b_base64(text, strict_mode=True)
    if may_be_text and _may_be_text(given):
        raise ValueError
    file = binascii.a2b_base64(text + "=" * (-len(text) % 4), strict_mode=True)
    # An encoder sets the unused bits of the last character to 0; in plain text they rarely are.
    if (
        binascii.b2a_base64(file[len(file) // 3 * 3 :], newline=False).rstrip(b"=").decode()
        != text[len(text) // 4 * 4 :]
    ):
        raise ValueError
    return file


def _may_be_text(text: str) -> bool:
    if len(text) > _LONGEST_WORDS:
        return False
    return all(map(_WORD.fullmatch, _BETWEEN_WORDS.split(_LINE_BREAK.sub("-", text.strip()))))


def _wrapped(start: str, content: str | bytes) -> str | None:
    """The `$content` of a file as workflows wrap it; None for anything else. Parses only what starts like one."""
    if not re.match(r'\s*\{\s*"\$content', start):
        return None
    try:
        value = json.loads(content)
    except (ValueError, RecursionError):
        return None
    if not isinstance(value, dict) or value.keys() != {"$content-type", "$content"}:
        return None
    return value["$content"] if isinstance(value["$content"], str) else None
