"""Spellings that pandas, numpy, matplotlib, scikit-learn, scipy and Python have removed, and what replaces them.

Models have learned them from years of older code. Each pattern is of `NAME: MESSAGE`.
"""

import re

from .failure import Failure, Link
from .misuse import MESSAGES
from .removed_arguments import ARGUMENTS
from .removed_names import FRAME_ATTRIBUTES, NUMPY_NAMES, OF_MODULES, OF_OBJECTS

_OFFSETS = {
    "M": "ME",
    "Q": "QE",
    "Y": "YE",
    "A": "YE",
    "BM": "BME",
    "BQ": "BQE",
    "BY": "BYE",
    "BA": "BYE",
    "SM": "SME",
    "CBM": "CBME",
    "H": "h",
    "BH": "bh",
    "CBH": "cbh",
    "T": "min",
    "S": "s",
    "L": "ms",
    "U": "us",
    "N": "ns",
    "AS": "YS",
    "BAS": "BYS",
    "d": "D",
    "b": "B",
    "w": "W",
    "c": "C",
}
_FREQUENCY = re.compile(r"Invalid frequency: (?P<frequency>-?\d*(?P<offset>[A-Za-z]+)(?P<anchor>-[A-Z]+)?)\b")

_ATTRIBUTE = re.compile(r"'(?:[\w.]+\.)?(?P<type>\w+)' object has no attribute '(?P<name>\w+)'")
_TYPE_ATTRIBUTE = re.compile(r"type object '(?P<type>[\w.]+)' has no attribute '(?P<name>\w+)'")
_NAME = re.compile(r"module '(?P<module>[\w.]+)' has no attribute '(?P<name>\w+)'")
_IMPORT = re.compile(r"cannot import name '(?P<name>\w+)' from '(?P<module>[\w.]+)'")
_NUMPY = re.compile(r"`np\.(?P<name>\w+)` was (?:a deprecated alias|removed)")
_MOVED = re.compile(r"`(?P<name>\w+)` has been removed from scikit-learn|(?P<other>load_boston)")
_INDEX_TYPES = (
    "DataFrame",
    "Series",
    "Index",
    "RangeIndex",
    "DatetimeIndex",
    "MultiIndex",
    "DatetimeProperties",
    "PeriodIndex",
    "CategoricalIndex",
    "TimedeltaIndex",
    "Timestamp",
)

_ARGUMENT_PATTERNS = [(re.compile(pattern, re.DOTALL), remedy) for pattern, remedy in ARGUMENTS]
_MESSAGE_PATTERNS = [(re.compile(pattern, re.DOTALL), remedy) for pattern, remedy in MESSAGES]


def hint(failure: Failure) -> str | None:
    error = failure.error
    text = f"{error.name}: {error.message[:2000]}"
    if error.name == "ValueError":
        found = _frequency(error.message)
        if found:
            return found
    if error.name in ("AttributeError", "ImportError"):
        found = _attribute(error)
        if found:
            return found
    if error.name == "TypeError":
        remedy = next((remedy for pattern, remedy in _ARGUMENT_PATTERNS if pattern.search(error.message)), None)
        if remedy:
            return remedy
    for pattern, remedy in _MESSAGE_PATTERNS:
        match = pattern.search(text)
        if match:
            return remedy.replace("{style8}", match.groupdict().get("style", "").replace("seaborn", "seaborn-v0_8", 1))
    return None


def _frequency(message: str) -> str | None:
    found = _FREQUENCY.search(message)
    if found is None:
        return None
    new = _OFFSETS.get(found["offset"])
    if new is None:
        return None
    corrected = found["frequency"].replace(found["offset"], new, 1)
    return f"Write the frequency as {corrected!r}: {found['offset']} is now {new}."


def _attribute(error: Link) -> str | None:
    message = error.message
    found = _ATTRIBUTE.search(message) or _TYPE_ATTRIBUTE.search(message)
    if found:
        of_type = OF_OBJECTS.get(found["type"], {})
        if found["type"] in _INDEX_TYPES or found["type"].endswith("GroupBy"):
            if any(found["name"] == re.sub(r"\W", "", label).lower() for label in error.texts("columns")):
                return None  # a column is meant
            of_type = FRAME_ATTRIBUTES
        remedy = of_type.get(found["name"])
        return remedy or None
    found = _NUMPY.search(message)
    if found:
        return NUMPY_NAMES.get(found["name"]) or None
    found = _NAME.search(message) or _IMPORT.search(message)
    if found:
        return OF_MODULES.get(found["module"], {}).get(found["name"]) or None
    found = _MOVED.search(message)
    if found:
        return OF_MODULES["sklearn.datasets"].get(found["name"] or found["other"])
    return None
