"""Python values as JSON."""

from __future__ import annotations

import array
import collections
import dataclasses
import datetime
import decimal
import enum
import math
from collections.abc import Callable, Iterable
from typing import Any

from ..protocol import LARGEST_EXACT_INTEGER, MAX_INTEGER_BITS, MAX_VALUE_NODES
from .host import encode

_MAX_DEPTH = 20
_CHARACTERS_PER_NODE = 20
_MAX_MEMBER_CHARACTERS = 1000
_Decimal, _timedelta, _Enum, _OrderedDict = decimal.Decimal, datetime.timedelta, enum.Enum, collections.OrderedDict
_fields_of = dataclasses.fields
_ITERABLES = (
    list,
    tuple,
    set,
    frozenset,
    range,
    collections.deque,
    array.array,
    *(type(view()) for some in ({"": 0}, _OrderedDict()) for view in (some.keys, some.values, some.items)),
)
_AS_TEXT = ("decimal", "uuid", "fractions", "pathlib", "ipaddress")
"""Modules of the standard library whose values are their own text."""

_HOLDERS = {
    "types.SimpleNamespace": "__dict__",
    "pydantic.main.BaseModel": "__dict__",
    "collections.UserDict": "data",
    "collections.UserList": "data",
    "collections.UserString": "data",
}
"""The attribute with the value of an object that is only its holder, by its class."""

_MAPPINGS = ("builtins.mappingproxy", "collections.ChainMap", "sqlite3.Row")


class TooLarge(Exception):
    """The value has more nodes than a report accepts."""


class Budget:
    """How many more nodes a value may have. `is_exceeded` if the value was shortened."""

    def __init__(self, nodes: int = MAX_VALUE_NODES) -> None:
        self._left = nodes
        self.is_exceeded = False

    def spend(self, nodes: int) -> None:
        """Raises TooLarge."""
        self._left -= nodes
        if self._left < 0:
            raise TooLarge


converters: list[Callable[[Any, str, Any, int, Budget], Any]] = []
"""For values of other libraries. Each takes the value, the library, and the first class of the library that the value
is an instance of. Raises TypeError for others.
"""


def to_json(value: Any, depth: int = _MAX_DEPTH, budget: Budget | None = None) -> Any:
    """The value as JSON: nan and infinities become null, times and durations ISO 8601, and integers that doubles cannot
    represent are text. Raises TypeError and TooLarge. A member that has no JSON form is text; a list is shortened.

    The methods of a subclass may do anything, so those of its base class are used.
    """
    budget = budget if budget is not None else Budget()
    budget.spend(1)
    if depth < 0:
        raise TooLarge
    kind: Any = type(value)
    base: Any
    if value is None or kind is bool:
        return value
    if issubclass(kind, _Enum):
        return to_json(object.__getattribute__(value, "_value_"), depth, budget)
    if issubclass(kind, int):
        return _integer(int.__pos__(value), budget)
    if issubclass(kind, str):
        value = str.__str__(value)
        budget.spend(len(value) // _CHARACTERS_PER_NODE)
        return value
    if issubclass(kind, float):
        return float.__pos__(value) if math.isfinite(value) else None
    if kind is complex:
        return str(value)
    if issubclass(kind, dict):
        items = (_OrderedDict if issubclass(kind, _OrderedDict) else dict).items
        return _object(items(value), depth, budget)
    for base in _ITERABLES:
        if issubclass(kind, base):
            fields = getattr(kind, "_fields", None)
            if base is tuple and type(fields) is tuple:
                return _object(zip(fields, tuple.__iter__(value)), depth, budget)
            return _list(base.__iter__(value), depth, budget, is_sorted=base in (set, frozenset))
    if hasattr(kind, "__dataclass_fields__"):
        return _members([field.name for field in _fields_of(kind)], value, depth, budget)
    if hasattr(kind, "__attrs_attrs__"):
        return _members([field.name for field in kind.__attrs_attrs__], value, depth, budget)
    for parent in kind.__mro__:
        base = parent
        library, place = base.__module__.split(".")[0], f"{base.__module__}.{base.__name__}"
        if place in _HOLDERS:
            return to_json(object.__getattribute__(value, _HOLDERS[place]), depth, budget)
        if place in _MAPPINGS and kind is base:
            return _object(dict(value).items(), depth, budget)
        if library in _AS_TEXT:
            return base.__str__(value)
        if base is _timedelta:
            return duration(*base.__reduce__(value)[1])
        if library == "datetime":
            return base.isoformat(value)
        for convert in converters:
            try:
                return convert(value, library, base, depth, budget)
            except TypeError:
                pass
    raise TypeError


def _members(names: list[str], value: Any, depth: int, budget: Budget) -> dict[str, Any]:
    return _object(((name, object.__getattribute__(value, name)) for name in names), depth, budget)


def _integer(value: int, budget: Budget) -> Any:
    if abs(value) <= LARGEST_EXACT_INTEGER:
        return value
    if value.bit_length() > MAX_INTEGER_BITS:
        raise TooLarge
    budget.spend(value.bit_length() // 64)
    return str(_Decimal(value))  # `str` alone has a limit that code can change


def _object(items: Iterable[Any], depth: int, budget: Budget) -> dict[str, Any]:
    members: dict[str, Any] = {}
    for key, item in items:
        members[unused_name(_member_name(key, budget), members)] = member(item, depth - 1, budget)
    return members


def _list(items: Iterable[Any], depth: int, budget: Budget, *, is_sorted: bool = False) -> list[Any]:
    converted: list[Any] = []
    try:
        for item in items:
            converted.append(member(item, depth - 1, budget))
    except TooLarge:
        if depth < _MAX_DEPTH or not converted:
            raise
        budget.is_exceeded = True
    if is_sorted:
        try:
            converted.sort()
        except TypeError:
            pass
    return converted


def member(value: Any, depth: int, budget: Budget, as_text: Callable[[Any], str] = repr) -> Any:
    """A part of a value: JSON, or text if it has no JSON form."""
    try:
        return to_json(value, depth, budget)
    except TooLarge:
        raise
    except Exception:
        if type(value) in (bytes, bytearray):
            value = value[:_MAX_MEMBER_CHARACTERS]
        try:
            text = as_text(value)
        except Exception:
            text = object.__repr__(value)
        return to_json(text[:_MAX_MEMBER_CHARACTERS], 0, budget)


def _member_name(key: Any, budget: Budget) -> str:
    """The key as a string. Numbers and times are common as keys, such as those of groups and counters."""
    try:
        name = to_json(key, 0, budget)
    except Exception:
        name = []
    if type(name) in (list, dict):
        name = repr(key)[:_MAX_MEMBER_CHARACTERS]
    return name if type(name) is str else encode(name)


def unused_name(name: str, used: Any) -> str:
    """The name, with a number if it is used already: for keys such as 1 and '1', and for columns.

    The numbers up to the first free one are used, so it is found by halves: thousands of columns may have one name.
    """
    if name not in used:
        return name
    taken, free = 0, 1
    while f"{name}.{free}" in used:
        taken, free = free, 2 * free
    while free - taken > 1:
        middle = (taken + free) // 2
        taken, free = (middle, free) if f"{name}.{middle}" in used else (taken, middle)
    return f"{name}.{free}"


def duration(days: int, seconds: int = 0, microseconds: int = 0, nanoseconds: int = 0) -> str:
    """In ISO 8601, such as `P1DT2H3.5S`. A negative one begins with `-`."""
    left = ((days * 86_400 + seconds) * 1_000_000 + microseconds) * 1000 + nanoseconds
    sign, left = "-" if left < 0 else "", abs(left)
    left, fraction = divmod(left, 1_000_000_000)
    left, seconds = divmod(left, 60)
    left, minutes = divmod(left, 60)
    days, hours = divmod(left, 24)
    exact = f"{seconds}.{fraction:09}".rstrip("0").rstrip(".") if fraction else seconds
    time = "".join(f"{number}{unit}" for number, unit in ((hours, "H"), (minutes, "M"), (exact, "S")) if number)
    date = f"{days}D" if days else ""
    return f"{sign}P{date}" + (f"T{time}" if time else "" if date else "T0S")
