"""Comparisons. Those that do not evaluate all of their arguments, such as `and`, are in `lazy.py`.

`equals` tells types and cases of letters apart; the order of texts does not depend on the case. The reference does not
say so; tests of tomdam/flowforger, which were compared with Power Automate, do.
"""

from collections.abc import Callable
from typing import Any

from workflow_player.errors import TemplateError
from workflow_player.expressions import kind_of


def boolean(value: Any, function: str) -> bool:
    if not isinstance(value, bool):
        raise TemplateError(f"{function} takes true or false, not the {kind_of(value)} {value!r}")
    return value


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
    if kinds not in ({"number"}, {"text"}):
        raise TemplateError(f"{function} compares numbers or texts, not {kind_of(first)} with {kind_of(second)}")
    if kinds == {"text"}:
        first, second = first.upper(), second.upper()
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
    "equals": equals,
    "greater": greater,
    "greaterOrEquals": greater_or_equals,
    "less": less,
    "lessOrEquals": less_or_equals,
    "not": not_,
}
