"""Comparisons and logic. `if` is in `signatures.py`, because it evaluates one of its branches only."""

from collections.abc import Callable
from typing import Any

from workflow_player.errors import TemplateError
from workflow_player.expressions import kind_of


def boolean(value: Any, function: str) -> bool:
    if not isinstance(value, bool):
        raise TemplateError(f"{function} takes true or false, not the {kind_of(value)} {value!r}")
    return value


def and_(first: Any, *others: Any) -> bool:
    return all([boolean(value, "and") for value in (first, *others)])


def or_(first: Any, *others: Any) -> bool:
    return any([boolean(value, "or") for value in (first, *others)])


def not_(value: Any) -> bool:
    return not boolean(value, "not")


def equals(first: Any, second: Any) -> bool:
    """Values of one type; 1 and 1.0 are equal, 1 and '1' are not. Texts are equal with the same case only."""
    if kind_of(first) != kind_of(second):
        return False
    if isinstance(first, list):
        return len(first) == len(second) and all(map(equals, first, second))
    if isinstance(first, dict):
        return first.keys() == second.keys() and all(equals(first[name], second[name]) for name in first)
    return bool(first == second)


def _compared(first: Any, second: Any, function: str) -> int:
    kinds = {kind_of(first), kind_of(second)}
    if kinds not in ({"number"}, {"text"}, {"boolean"}):
        raise TemplateError(f"{function} compares numbers or texts, not {kind_of(first)} with {kind_of(second)}")
    return int(first > second) - int(first < second)


def greater(first: Any, second: Any) -> bool:
    return _compared(first, second, "greater") > 0


def greater_or_equals(first: Any, second: Any) -> bool:
    return _compared(first, second, "greaterOrEquals") >= 0


def less(first: Any, second: Any) -> bool:
    return _compared(first, second, "less") < 0


def less_or_equals(first: Any, second: Any) -> bool:
    return _compared(first, second, "lessOrEquals") <= 0


LOGIC: dict[str, Callable[..., Any]] = {
    "and": and_,
    "equals": equals,
    "greater": greater,
    "greaterOrEquals": greater_or_equals,
    "less": less,
    "lessOrEquals": less_or_equals,
    "not": not_,
    "or": or_,
}
