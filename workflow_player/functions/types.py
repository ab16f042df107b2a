"""Checks of what functions are given: a wrong type has no value, as in the engine."""

from typing import Any

from workflow_player.errors import TemplateError
from workflow_player.expressions import kind_of


def text(value: Any, function: str) -> str:
    if not isinstance(value, str):
        raise TemplateError(f"{function} takes a text, not {_described(value)}")
    return value


def array(value: Any, function: str) -> list[Any]:
    if not isinstance(value, list):
        raise TemplateError(f"{function} takes an array, not {_described(value)}")
    return value


def an_object(value: Any, function: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise TemplateError(f"{function} takes an object, not {_described(value)}")
    return value


def integer(value: Any, function: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise TemplateError(f"{function} takes an integer, not {_described(value)}")
    return value


def number(value: Any, function: str) -> int | float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TemplateError(f"{function} takes a number, not {_described(value)}")
    return value


def _described(value: Any) -> str:
    return kind_of(value) if value is None or isinstance(value, list | dict) else f"the {kind_of(value)} {value!r}"
