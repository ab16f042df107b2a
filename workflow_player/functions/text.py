"""Text: parts of it, searches in it, its case, and numbers as text."""

import re
import uuid
from collections.abc import Callable
from typing import Any

from workflow_player.content import text_of
from workflow_player.errors import TemplateError
from workflow_player.functions.number_formats import formatted
from workflow_player.functions.types import integer, number, text


def concat(*values: Any) -> str:
    return "".join(text_of(value) for value in values)


def ends_with(value: Any, end: Any) -> bool:
    """Without regard to case."""
    return text(value, "endsWith").lower().endswith(text(end, "endsWith").lower())


def starts_with(value: Any, start: Any) -> bool:
    """Without regard to case."""
    return text(value, "startsWith").lower().startswith(text(start, "startsWith").lower())


def format_number(value: Any, pattern: Any, locale: Any = "en-us") -> str:
    if text(locale, "formatNumber").lower() not in ("en-us", ""):
        raise TemplateError(f"formatNumber: the player formats for en-US only, not for {locale}")
    return formatted(number(value, "formatNumber"), text(pattern, "formatNumber"))


def guid(pattern: Any = "D") -> str:
    """A new one. `pattern`: N without hyphens, D with them, B in braces, P in parentheses."""
    made = str(uuid.uuid4())
    shapes = {"N": made.replace("-", ""), "D": made, "B": f"{{{made}}}", "P": f"({made})"}
    if text(pattern, "guid").upper() not in shapes:
        raise TemplateError(f"guid has no format {pattern!r}")
    return shapes[pattern.upper()]


def index_of(value: Any, part: Any) -> int:
    """Where a part begins first, without regard to case; -1 if it is not there."""
    return text(value, "indexOf").lower().find(text(part, "indexOf").lower())


def last_index_of(value: Any, part: Any) -> int:
    return text(value, "lastIndexOf").lower().rfind(text(part, "lastIndexOf").lower())


def nth_index_of(value: Any, part: Any, occurrence: Any) -> int:
    """Where the occurrence begins, counted from 1, or from the end with a negative number."""
    searched, sought = text(value, "nthIndexOf").lower(), text(part, "nthIndexOf").lower()
    found = [match.start() for match in re.finditer(re.escape(sought), searched)]
    nth = integer(occurrence, "nthIndexOf")
    if nth == 0 or abs(nth) > len(found):
        return -1
    return found[nth - 1 if nth > 0 else nth]


def replace(value: Any, old: Any, new: Any) -> str:
    return text(value, "replace").replace(text(old, "replace"), text(new, "replace"))


def slice_(value: Any, start: Any, end: Any = None) -> str:
    """From start up to, not including, end; negative positions count from the end."""
    stop = None if end is None else integer(end, "slice")
    return text(value, "slice")[integer(start, "slice") : stop]


def split(value: Any, separator: Any) -> list[str]:
    """An empty separator separates nothing."""
    whole = text(value, "split")
    return whole.split(separator) if text(separator, "split") else [whole]


def substring(value: Any, start: Any, length: Any = None) -> str:
    whole, first = text(value, "substring"), integer(start, "substring")
    count = len(whole) - first if length is None else integer(length, "substring")
    if not 0 <= first < len(whole) or count < 0 or first + count > len(whole):
        raise TemplateError(f"substring: {count} characters from {first} are outside of a text of {len(whole)}")
    return whole[first : first + count]


def to_lower(value: Any) -> str:
    return text(value, "toLower").lower()


def to_upper(value: Any) -> str:
    return text(value, "toUpper").upper()


def trim(value: Any) -> str:
    return text(value, "trim").strip()


TEXT: dict[str, Callable[..., Any]] = {
    "concat": concat,
    "endsWith": ends_with,
    "formatNumber": format_number,
    "guid": guid,
    "indexOf": index_of,
    "lastIndexOf": last_index_of,
    "nthIndexOf": nth_index_of,
    "replace": replace,
    "slice": slice_,
    "split": split,
    "startsWith": starts_with,
    "substring": substring,
    "toLower": to_lower,
    "toUpper": to_upper,
    "trim": trim,
}
