"""Functions that evaluate no more of their arguments than they need: `if(true, 1, div(1, 0))` is 1.

The reference does not say so; tests of tomdam/flowforger, which were compared with Power Automate, do.
"""

from collections.abc import Callable
from typing import Any

from workflow_player.expressions import Node
from workflow_player.functions.logic import boolean

Evaluated = Callable[[Node], Any]


def if_(arguments: tuple[Node, ...], evaluated: Evaluated) -> Any:
    condition, if_true, if_false = arguments
    return evaluated(if_true if boolean(evaluated(condition), "if") else if_false)


def and_(arguments: tuple[Node, ...], evaluated: Evaluated) -> bool:
    return all(boolean(evaluated(argument), "and") for argument in arguments)


def or_(arguments: tuple[Node, ...], evaluated: Evaluated) -> bool:
    return any(boolean(evaluated(argument), "or") for argument in arguments)


def coalesce(arguments: tuple[Node, ...], evaluated: Evaluated) -> Any:
    """The first value that is not null."""
    return next((value for argument in arguments if (value := evaluated(argument)) is not None), None)


LAZY: dict[str, Callable[[tuple[Node, ...], Evaluated], Any]] = {
    "and": and_,
    "coalesce": coalesce,
    "if": if_,
    "or": or_,
}
