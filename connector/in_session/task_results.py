"""Whether a task's result is what the task returns: code in the session can have forged it."""

from collections.abc import Callable
from types import NoneType, UnionType
from typing import Any, Literal, get_args, get_origin, get_type_hints

from .session_json import Json, number


def is_result(value: Json, perform: Callable[[Any], Any]) -> bool:
    """Whether the value has all members of the TypedDict that `perform` returns, with their types. Numbers are whole,
    and not negative.
    """
    members = get_type_hints(get_type_hints(perform)["return"])
    return all(name in value and _is(value[name], kind) for name, kind in members.items())


def _is(value: Any, kind: Any) -> bool:
    if kind is int:
        try:
            number(value)
        except TypeError:
            return False
        return True
    if get_origin(kind) is Literal:
        return isinstance(value, str) and value in get_args(kind)
    if isinstance(kind, UnionType):
        return any(_is(value, inner) for inner in get_args(kind))
    expected: type = NoneType if kind is None else kind
    return isinstance(value, expected)
