"""Calls of functions by name: their names without regard to case, and their numbers of arguments."""

import inspect
from collections.abc import Callable, Mapping
from typing import Any

from workflow_player.errors import FlowError
from workflow_player.expressions import Node
from workflow_player.functions.lazy import LAZY

Function = Callable[..., Any]


class FunctionTable:
    """Functions by name."""

    def __init__(self, *tables: Mapping[str, Function]) -> None:
        self._functions = {name.lower(): (name, found) for table in tables for name, found in table.items()}

    def call(self, name: str, arguments: tuple[Node, ...], evaluated: Callable[[Node], Any]) -> Any:
        self.check(name, len(arguments))
        if name.lower() in LAZY:
            return LAZY[name.lower()](arguments, evaluated)
        return self._functions[name.lower()][1](*map(evaluated, arguments))

    def check(self, name: str, count: int) -> None:
        """Raise a FlowError for a function that there is not, or that takes another number of arguments."""
        if name.lower() in LAZY:
            fewest, most = (3, 3.0) if name.lower() == "if" else (1, float("inf"))
        elif name.lower() in self._functions:
            fewest, most = _arity(self._functions[name.lower()][1])
        else:
            raise FlowError(f"there is no function {name}")
        if not fewest <= count <= most:
            takes = (
                f"{fewest}"
                if fewest == most
                else f"{fewest} or more"
                if most == float("inf")
                else f"{fewest} to {most:.0f}"
            )
            raise FlowError(f"{name} takes {takes} arguments, not {count}")


def _arity(function: Function) -> tuple[int, float]:
    parameters = list(inspect.signature(function).parameters.values())
    fewest = sum(
        parameter.default is parameter.empty and parameter.kind is not parameter.VAR_POSITIONAL
        for parameter in parameters
    )
    any_number = any(parameter.kind is parameter.VAR_POSITIONAL for parameter in parameters)
    return fewest, float("inf") if any_number else len(parameters)
