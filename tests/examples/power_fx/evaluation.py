"""Evaluates formulas of Power Fx, strictly: an unknown function, name or column is an error, not blank.

Values: text, numbers and Booleans of Python; `None` for blank; dicts for records, lists of dicts for tables; bytes for
files; `Untyped` for what ParseJSON returns. What functions do: learn.microsoft.com/power-platform/power-fx/reference.
"""

import json
import uuid
from collections import ChainMap
from collections.abc import Callable, Mapping, MutableMapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from .formulas import Call, Chain, FormulaError, Literal, Member, Name, Node, Operation, Record, Rows, parsed


class CallRefused(Exception):
    """A connector's call failed. A formula learns the status alone: no message of the connector reaches it."""


@dataclass(frozen=True)
class Untyped:
    """JSON. Its members are untyped, too, and become values by Text and Value alone."""

    value: Any


@dataclass(frozen=True)
class Scope:
    """`names` are variables, controls and namespaces; `connectors` call operations by names such as
    CodeInterpreter.ShareFile; `effects` are functions that change something, with the nodes of their arguments."""

    names: MutableMapping[str, Any]
    connectors: Mapping[str, Callable[[str, list[Any]], Any]]
    effects: Mapping[str, Callable[["Scope", tuple[Node, ...]], Any]]

    def with_row(self, row: dict[str, Any]) -> "Scope":
        return Scope(ChainMap({**row, "ThisRecord": row}, self.names), self.connectors, self.effects)


def evaluated(formula: str, names: dict[str, Any], **functions: Any) -> Any:
    """The value of a formula, such as `=Topic.Files`. Raises FormulaError, and CallRefused of connectors."""
    return value_of(parsed(formula), Scope(names, functions.get("connectors", {}), functions.get("effects", {})))


def value_of(node: Node, scope: Scope) -> Any:
    match node:
        case Literal(value):
            return value
        case Name(name):
            if name not in scope.names:
                raise FormulaError(f"There is no {name}")
            value = scope.names[name]
            if isinstance(value, CallRefused):  # an error that Set has put there
                raise value
            return value
        case Member(owner, name):
            return _member(value_of(owner, scope), name)
        case Record(members):
            return {name: value_of(value, scope) for name, value in members}
        case Rows(items):
            values = [value_of(item, scope) for item in items]
            return [value if isinstance(value, dict) else {"Value": value} for value in values]
        case Chain(steps):
            return _chain(steps, scope)
        case Operation(operator, operands):
            return _operation(operator, operands, scope)
        case Call(function, arguments):
            return _call(function, arguments, scope)
    raise AssertionError(node)


def text(value: Any) -> str:
    """How a value reads in a text."""
    value = value.value if isinstance(value, Untyped) else value
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict | list | bytes):
        raise FormulaError("A record, a table or a file is no text")
    return str(value)


def _member(owner: Any, name: str) -> Any:
    if owner is None:
        return None
    if isinstance(owner, Untyped):
        return Untyped(owner.value.get(name) if isinstance(owner.value, dict) else None)
    if not isinstance(owner, Mapping) or name not in owner:
        raise FormulaError(f"There is no member {name}")
    return owner[name]


def _operation(operator: str, operands: tuple[Node, ...], scope: Scope) -> Any:
    if operator in ("&&", "||"):
        left = bool(value_of(operands[0], scope))
        decided = left is (operator == "||")
        return left if decided else bool(value_of(operands[1], scope))
    values = [value_of(operand, scope) for operand in operands]
    if operator == "!":
        return not values[0]
    if operator == "&":
        return text(values[0]) + text(values[1])
    if operator in ("=", "<>"):
        return (values[0] == values[1]) is (operator == "=")
    raise FormulaError(f"There is no operator {operator}")


def _call(function: Node, arguments: tuple[Node, ...], scope: Scope) -> Any:
    if isinstance(function, Member) and isinstance(function.owner, Name) and function.owner.name in scope.connectors:
        values = [value_of(argument, scope) for argument in arguments]
        return scope.connectors[function.owner.name](function.name, values)
    name = function.name if isinstance(function, Name) else ""
    if name in scope.effects:
        return scope.effects[name](scope, arguments)
    if name in _WITH_ROWS:
        rows = _table(value_of(arguments[0], scope))
        return _WITH_ROWS[name](rows, [scope.with_row(row) for row in rows], arguments[1:], scope)
    if name == "If":
        return _if(arguments, scope)
    if name == "IfError":
        return _if_error(arguments, scope)
    if name not in _PURE:
        raise FormulaError(f"There is no function {name}")
    return _PURE[name](*[value_of(argument, scope) for argument in arguments])


def _chain(steps: tuple[Node, ...], scope: Scope) -> Any:
    """All steps, whatever happens to those before: the scope of an error is the step. The value is that of the last."""
    for step in steps[:-1]:
        with suppress(CallRefused):
            value_of(step, scope)
    return value_of(steps[-1], scope)


def _if_error(arguments: tuple[Node, ...], scope: Scope) -> Any:
    """Pairs of a value and what to do if it is an error, which ends it; then perhaps a value for no error."""
    value = None
    for place in range(0, len(arguments) - 1, 2):
        try:
            value = value_of(arguments[place], scope)
        except CallRefused as refused:
            error = {"FirstError": {"Message": str(refused)}}
            return value_of(arguments[place + 1], Scope(ChainMap(error, scope.names), scope.connectors, scope.effects))
    return value_of(arguments[-1], scope) if len(arguments) % 2 else value


def _if(arguments: tuple[Node, ...], scope: Scope) -> Any:
    """Pairs of a condition and a value, then a value for all other cases."""
    for condition, value in zip(arguments[::2], arguments[1::2], strict=False):
        if value_of(condition, scope):
            return value_of(value, scope)
    return value_of(arguments[-1], scope) if len(arguments) % 2 else None


def _table(value: Any) -> list[dict[str, Any]]:
    if value is None:
        return []
    if isinstance(value, Untyped) and isinstance(value.value, list):
        return [{"Value": Untyped(item)} for item in value.value]
    if not isinstance(value, list):
        raise FormulaError("This is no table")
    return value


def _for_all(_: Any, scopes: list[Scope], arguments: tuple[Node, ...], __: Scope) -> list[dict[str, Any]]:
    values = [value_of(arguments[0], scope) for scope in scopes]
    return [value if isinstance(value, dict) else {"Value": value} for value in values]


def _concat(_: Any, scopes: list[Scope], arguments: tuple[Node, ...], outer: Scope) -> str:
    separator = text(value_of(arguments[1], outer)) if len(arguments) > 1 else ""
    return separator.join(text(value_of(arguments[0], scope)) for scope in scopes)


def _filter(rows: list[dict[str, Any]], scopes: list[Scope], arguments: tuple[Node, ...], _: Scope) -> list[Any]:
    return [row for row, scope in zip(rows, scopes, strict=True) if value_of(arguments[0], scope)]


def _formatted(value: Any, form: str) -> str:
    if form != "#,##0.00":
        raise FormulaError(f"There is no format {form}")
    return f"{_number(value) or 0:,.2f}"


def _number(value: Any) -> float | None:
    value = value.value if isinstance(value, Untyped) else value
    return None if value in (None, "") else float(value)


_WITH_ROWS: dict[str, Callable[[list[dict[str, Any]], list[Scope], tuple[Node, ...], Scope], Any]] = {
    "ForAll": _for_all,
    "Concat": _concat,
    "Filter": _filter,
}
_PURE: dict[str, Callable[..., Any]] = {
    "Blank": lambda: None,
    "CountRows": lambda rows: len(_table(rows)),
    "First": lambda rows: next(iter(_table(rows)), None),
    "GUID": lambda: str(uuid.uuid4()),
    "IsBlank": lambda value: (value.value if isinstance(value, Untyped) else value) in (None, ""),
    "IsEmpty": lambda rows: not _table(rows),
    "ParseJSON": lambda value: Untyped(json.loads(value)),
    "RGBA": lambda *channels: tuple(channels),
    "StartsWith": lambda value, start: text(value).lower().startswith(text(start).lower()),
    "Table": lambda *records: list(records) if isinstance(records[0], dict) else _table(records[0]),
    "Text": lambda value, form=None: text(value) if form is None else _formatted(value, form),
    "Value": _number,
}
