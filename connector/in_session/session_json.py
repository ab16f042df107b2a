"""JSON from a session, where any code can have written it: read within limits, its members by their types.

The limits are beyond everything that the payload and the tasks write. This module does not know what the JSON means.
"""

import json
import math
from datetime import UTC, datetime
from typing import Any

from ..bounded_json import has_more_values
from ..text import well_formed_json
from . import protocol

MOST_BYTES = 64 << 20
"""Of a file with JSON."""

_MOST_VALUES = 250_000
_MAX_DEPTH = 40
"""Nesting of lists and objects. Much deeper values could not be serialized again."""

_LONGEST_TEXT = protocol.MAX_STREAM_CHARACTERS + 1000
"""That the payload writes, apart from the contents of outputs: a stream, with the mark for what was omitted."""

Json = dict[str, Any]


def read_object(text: str | bytes | memoryview) -> Json | None:
    """None for anything but one object within the limits."""
    value = read_value(text)
    return value if isinstance(value, dict) else None


def read_value(text: str | bytes | memoryview, most_values: int = _MOST_VALUES) -> Any:
    """The value with valid text alone. None for anything but JSON in ASCII within the limits, as sessions write it."""
    try:
        # Other characters would take up to four times as much memory.
        characters = text if isinstance(text, str) else str(text, "ascii")
        if not characters.isascii() or has_more_values(characters, most_values):
            return None
        value = json.loads(characters, parse_constant=lambda _: None, parse_float=_float, parse_int=_int)
    except (ValueError, RecursionError):
        return None
    return well_formed_json(value) if _is_shallow(value, _MAX_DEPTH) else None


def _float(text: str) -> float | None:
    number = float(text)
    return number if math.isfinite(number) else None


def _int(text: str) -> int | str:
    """Larger ones are text, as the payload writes them. Raises ValueError for thousands of digits."""
    number = int(text)
    return number if abs(number) <= protocol.LARGEST_EXACT_INTEGER else text


def _is_shallow(value: Any, levels: int) -> bool:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return levels > 0 and all(_is_shallow(item, levels - 1) for item in inner)


# ---- members: each function raises TypeError for another type, and for more than the payload writes


def text(value: Any, longest: int = _LONGEST_TEXT) -> str:
    if not isinstance(value, str) or len(value) > longest:
        raise TypeError
    return value


def optional_text(value: Any, longest: int = _LONGEST_TEXT) -> str | None:
    return None if value is None else text(value, longest)


def number(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= protocol.LARGEST_EXACT_INTEGER:
        raise TypeError
    return value


def optional_number(value: Any) -> int | None:
    """None for anything else, too."""
    try:
        return number(value)
    except TypeError:
        return None


def counts(value: Json) -> dict[str, int]:
    return {text(name): number(count) for name, count in value.items()}


def objects(value: Any) -> list[Json]:
    """A list of objects, whose members are not validated."""
    if not all(isinstance(item, dict) for item in items(value)):
        raise TypeError
    return items(value)


def items(value: Any, most: int | None = None) -> list[Any]:
    if not isinstance(value, list) or (most is not None and len(value) > most):
        raise TypeError
    return value


def time(seconds: Any) -> datetime | None:
    """None if it is not a time."""
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (TypeError, ValueError, OverflowError, OSError):
        return None
