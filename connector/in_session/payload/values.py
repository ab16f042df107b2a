"""Python values as JSON."""

from __future__ import annotations

import math
from typing import Any

from ..protocol import MAX_INTEGER_BITS, MAX_VALUE_NODES
from .host import encode

_MAX_DEPTH = 20
_CHARACTERS_PER_NODE = 20


class TooLarge(Exception):
    """The value has more nodes than a report accepts."""


class Budget:
    """How many more nodes a value may have."""

    def __init__(self, nodes: int = MAX_VALUE_NODES) -> None:
        self._left = nodes

    def spend(self, nodes: int) -> None:
        """Raises TooLarge."""
        self._left -= nodes
        if self._left < 0:
            raise TooLarge


def to_json(value: Any, depth: int = _MAX_DEPTH, budget: Budget | None = None) -> Any:
    """The value as JSON: nan and infinities become null, times ISO 8601. Raises TypeError and TooLarge.

    Types must match exactly, because the methods of a subclass may do anything.
    """
    budget = budget if budget is not None else Budget()
    budget.spend(1)
    if depth < 0:
        raise TooLarge
    kind = type(value)
    if value is None or kind is bool:
        return value
    if kind is int:
        if value.bit_length() > MAX_INTEGER_BITS:
            raise TypeError
        return value
    if kind is str:
        budget.spend(len(value) // _CHARACTERS_PER_NODE)
        return value
    if kind is float:
        return value if math.isfinite(value) else None
    if kind is list or kind is tuple:
        return [to_json(item, depth - 1, budget) for item in value]
    if kind is dict:
        return {_member_name(name): to_json(item, depth - 1, budget) for name, item in value.items()}
    return _library_value(value, kind, depth, budget)


def _library_value(value: Any, kind: Any, depth: int, budget: Budget) -> Any:
    module, name = kind.__module__.split(".")[0], kind.__name__
    if module == "numpy" and hasattr(kind, "tolist"):
        if getattr(value, "size", 1) > MAX_VALUE_NODES:
            raise TooLarge
        if getattr(value, "dtype", None) is not None and value.dtype.kind in "mM":
            return _numpy_times(value.astype(str).tolist())
        inner = value.tolist()
        if type(inner) is kind:
            raise TypeError
        return to_json(inner, depth, budget)
    if module == "pandas" and name in ("NaTType", "NAType"):
        return None
    if (module == "datetime" and name in ("datetime", "date", "time")) or (module == "pandas" and name == "Timestamp"):
        return value.isoformat()
    if (module == "decimal" and name == "Decimal") or (module == "uuid" and name == "UUID"):
        return str(value)
    raise TypeError


def _numpy_times(texts: Any) -> Any:
    if type(texts) is list:
        return [_numpy_times(text) for text in texts]
    return None if texts == "NaT" else texts


def _member_name(key: Any) -> str:
    """The key as a string. Numbers and times are common as keys, such as those of groups and counters."""
    if type(key) is str:
        return key
    name = to_json(key, 0)
    if isinstance(name, (list, dict)):
        raise TypeError
    return name if type(name) is str else encode(name)
