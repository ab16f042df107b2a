"""Parses formulas of Power Fx, as far as the examples use the language, and refuses everything else.

The grammar is that of learn.microsoft.com/power-platform/power-fx/expression-grammar and /operator-reference, in the
notation of English-speaking regions: arguments are separated by commas, and formulas with effects by semicolons.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any


class FormulaError(Exception):
    """A formula is none, or uses what the examples' Power Fx does not have. The message has the formula."""


@dataclass(frozen=True)
class Literal:
    value: Any


@dataclass(frozen=True)
class Name:
    name: str


@dataclass(frozen=True)
class Member:
    owner: "Node"
    name: str


@dataclass(frozen=True)
class Call:
    """`function` is a Name, or a Member of a connector."""

    function: "Node"
    arguments: tuple["Node", ...]


@dataclass(frozen=True)
class Operation:
    operator: str
    operands: tuple["Node", ...]


@dataclass(frozen=True)
class Record:
    members: tuple[tuple[str, "Node"], ...]


@dataclass(frozen=True)
class Rows:
    """`[a, b]`: a table with the rows a and b, if they are records, and with a column Value, if not."""

    items: tuple["Node", ...]


@dataclass(frozen=True)
class Chain:
    """Formulas with effects, one after the other; its value is that of the last."""

    steps: tuple["Node", ...]


Node = Literal | Name | Member | Call | Operation | Record | Rows | Chain

_TOKEN = re.compile(
    r"""\s*(?:(?P<text>"(?:[^"]|"")*")|(?P<quoted>'[^']*')|(?P<number>\d+(?:\.\d+)?)|(?P<name>[A-Za-z_]\w*)"""
    r"""|(?P<symbol>&&|\|\||<>|<=|>=|[-=<>&+*/!.,;:(){}\[\]]))"""
)
_BINARY = ({"||"}, {"&&"}, {"=", "<>", "<", "<=", ">", ">="}, {"&"}, {"+", "-"}, {"*", "/"})
"""Operators by precedence, the weakest first."""


def parsed(formula: str) -> Node:
    """What a formula says, with or without the sign = before it. Raises FormulaError."""
    return _Parser(formula.removeprefix("=")).parsed()


def nodes(node: Node) -> Iterator[Node]:
    """A node and all below it."""
    yield node
    for child in _children(node):
        yield from nodes(child)


def _children(node: Node) -> tuple[Node, ...]:
    match node:
        case Member(owner, _):
            return (owner,)
        case Call(function, arguments):
            return (function, *arguments)
        case Operation(_, operands):
            return operands
        case Record(members):
            return tuple(value for _, value in members)
        case Rows(items):
            return items
        case Chain(steps):
            return steps
    return ()


class _Parser:
    def __init__(self, formula: str) -> None:
        self._formula = formula
        self._tokens = self._read()
        self._at = 0

    def _read(self) -> list[tuple[str, str]]:
        tokens, position, end = [], 0, len(self._formula.rstrip())
        while position < end:
            found = _TOKEN.match(self._formula, position)
            if found is None or found.lastgroup is None:
                raise self._error(f"character {position}")
            tokens.append((found.lastgroup, found.group(found.lastgroup)))
            position = found.end()
        return [*tokens, ("end", "")]

    def parsed(self) -> Node:
        node = self._chain()
        if self._kind() != "end":
            raise self._error(f"'{self._tokens[self._at][1]}'")
        return node

    def _chain(self) -> Node:
        steps = [self._binary(0)]
        while self._takes(";"):
            if self._kind() == "end" or self._is(")") or self._is(","):
                break
            steps.append(self._binary(0))
        return steps[0] if len(steps) == 1 else Chain(tuple(steps))

    def _binary(self, level: int) -> Node:
        if level == len(_BINARY):
            return self._unary()
        left = self._binary(level + 1)
        while self._kind() == "symbol" and self._tokens[self._at][1] in _BINARY[level]:
            left = Operation(self._taken()[1], (left, self._binary(level + 1)))
        return left

    def _unary(self) -> Node:
        for sign in ("!", "-"):
            if self._takes(sign):
                return Operation(sign, (self._unary(),))
        return self._postfix()

    def _postfix(self) -> Node:
        node = self._primary()
        while True:
            if self._takes("."):
                node = Member(node, self._identifier())
            elif isinstance(node, Name | Member) and self._takes("("):
                node = Call(node, self._sequence(")", self._chain))
            else:
                return node

    def _primary(self) -> Node:
        kind, text = self._taken()
        if kind == "text":
            return Literal(text[1:-1].replace('""', '"'))
        if kind == "number":
            return Literal(float(text) if "." in text else int(text))
        if kind == "quoted":
            return Name(text[1:-1])
        if kind == "name":
            return Literal(text == "true") if text in ("true", "false") else Name(text)
        if text == "(":
            node = self._chain()
            self._expect(")")
            return node
        if text == "{":
            return Record(self._sequence("}", self._member))
        if text == "[":
            return Rows(self._sequence("]", lambda: self._binary(0)))
        raise self._error(f"'{text}'" if text else "the end")

    def _member(self) -> tuple[str, Node]:
        name = self._identifier()
        self._expect(":")
        return name, self._binary(0)

    def _sequence(self, end: str, item: Any) -> tuple[Any, ...]:
        items: list[Any] = []
        while not self._takes(end):
            if items:
                self._expect(",")
            items.append(item())
        return tuple(items)

    def _identifier(self) -> str:
        kind, text = self._taken()
        if kind not in ("name", "quoted"):
            raise self._error(f"'{text}' in place of a name")
        return text.strip("'")

    def _kind(self) -> str:
        return self._tokens[self._at][0]

    def _is(self, symbol: str) -> bool:
        return self._tokens[self._at] == ("symbol", symbol)

    def _taken(self) -> tuple[str, str]:
        self._at += 1
        return self._tokens[self._at - 1]

    def _takes(self, symbol: str) -> bool:
        if self._is(symbol):
            self._at += 1
            return True
        return False

    def _expect(self, symbol: str) -> None:
        if not self._takes(symbol):
            raise self._error(f"'{self._tokens[self._at][1]}' in place of '{symbol}'")

    def _error(self, problem: str) -> FormulaError:
        return FormulaError(f"{problem} in the formula: {self._formula}")
