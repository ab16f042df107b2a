"""Values of numpy, pandas and polars as JSON, and the rows of their frames."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

from ..protocol import MAX_ROWS, MAX_VALUE_NODES
from .values import Budget, TooLarge, converters, duration, member, to_json, unused_name

_CELL_DEPTH = 4
_MISSING_DURATION = -(1 << 63)
_libraries = sys.modules


def library_of_frame(value: Any) -> str | None:
    """`pandas` or `polars` if the value is a frame of theirs, or of a subclass."""
    for library in ("pandas", "polars"):
        frame = getattr(_libraries.get(library), "DataFrame", None)
        if isinstance(frame, type) and issubclass(type(value), frame):
            return library
    return None


def read_frame(
    frame: Any, rows: int, budget: Budget, *, is_series: bool = False
) -> tuple[list[str], list[str], list[list[Any]]]:
    """Names and types of the columns, and the first rows. An index of pandas comes first, unless it is the default."""
    first = frame.head(rows)
    if hasattr(first, "index"):
        columns = [*_index_columns(first.index)]
        if is_series:
            columns.append(("value" if first.name is None else first.name, first))
        else:
            columns += first.items()  # several times as fast as by their numbers
        cells = zip(*(column.tolist() for _, column in columns))
        types = [str(column.dtype) for _, column in columns]
        names = [column_name(name) for name, _ in columns]
    else:
        names, types, cells = list(first.columns), [str(kind) for kind in first.dtypes], first.iter_rows()
    return names, types, [[member(cell, _CELL_DEPTH, budget, str) for cell in row] for row in cells]


def _index_columns(index: Any) -> Iterator[tuple[Any, Any]]:
    if type(index).__name__ == "RangeIndex" and (index.start, index.step, index.name) == (0, 1, None):
        return
    for level, name in enumerate(index.names):
        if name is None:
            name = "index" if index.nlevels == 1 else f"level_{level}"
        yield name, index.get_level_values(level)


def column_name(name: Any) -> str:
    return " ".join(str(part) for part in name if str(part)) if type(name) is tuple else str(name)


def _records(frame: Any, depth: int, budget: Budget, *, is_series: bool = False) -> list[dict[str, Any]]:
    width = 2 if is_series else frame.shape[1] + 1
    rows = min(MAX_ROWS, MAX_VALUE_NODES // width)
    if not rows:
        budget.is_exceeded = len(frame) > 0
        return []
    names, _, cells = read_frame(frame, rows, budget, is_series=is_series)
    unique: dict[str, None] = {}
    for name in names:
        unique[unused_name(name, unique)] = None
    if len(frame) > len(cells):
        budget.is_exceeded = True
    return [dict(zip(unique, row)) for row in cells]


def _library_value(value: Any, library: str, base: Any, depth: int, budget: Budget) -> Any:
    name = base.__name__
    if library == "pandas":
        if name in ("NaTType", "NAType"):
            return None
        if name == "Timestamp":
            return value.isoformat()
        if name == "Timedelta":
            return duration(value.days, value.seconds, value.microseconds, value.nanoseconds)
        if name in ("Period", "Interval"):
            return str(value)
        if name == "Series" and [*_index_columns(value.index)]:
            return _records(value, depth, budget, is_series=True)
    if name == "DataFrame" and library in ("pandas", "polars"):
        return _records(value, depth, budget)
    if library == "numpy" and hasattr(value, "dtype"):
        return _numpy_value(value, base, depth, budget)
    if library in ("pandas", "polars") and hasattr(base, "dtype") and not hasattr(base, "groups"):
        return to_json([*base.__iter__(_shortened(value, base, depth, budget))], depth, budget)
    raise TypeError


def _numpy_value(value: Any, base: Any, depth: int, budget: Budget) -> Any:
    if getattr(value, "ndim", 0):
        value = _shortened(value, base, depth, budget)
    kind = value.dtype
    if kind.kind == "m":
        unit = _libraries["numpy"].datetime_data(kind)[0]
        if unit in ("Y", "M", "generic"):
            raise TypeError
        scale, unit = (1, "ns") if unit in ("ns", "ps", "fs", "as") else (1000, "us")
        return _each(value.astype(f"m8[{unit}]").astype("int64").tolist(), lambda count: _duration(count, scale))
    if kind.kind == "M":
        return _each(value.astype(str).tolist(), lambda text: None if text == "NaT" else text)
    inner = base.tolist(value)
    if kind.names:
        inner = _each(inner, lambda row: dict(zip(kind.names, row)))
    if type(inner) is base:
        raise TypeError
    return to_json(inner, depth, budget)


def _duration(count: int, scale: int) -> str | None:
    return None if count == _MISSING_DURATION else duration(0, 0, 0, count * scale)


def _each(values: Any, convert: Any) -> Any:
    return [_each(value, convert) for value in values] if type(values) is list else convert(values)


def _shortened(value: Any, base: Any, depth: int, budget: Budget) -> Any:
    """At most as much of an array as a value may have. Raises TooLarge for a part of a value."""
    size = getattr(value, "size", len(value))
    if size <= MAX_VALUE_NODES:
        return value
    rows = MAX_VALUE_NODES * len(value) // size
    if not rows:
        raise TooLarge
    budget.is_exceeded = True
    return value[:rows]


converters.append(_library_value)
