"""Expressions of the workflow language: a text becomes a tree, and a tree a value.

    expression = operand { ["?"] "." name | ["?"] "[" expression "]" }
    operand    = text | number | "true" | "false" | "null" | name "(" [ expression { "," expression } ] ")"

A text stands in single quotes; two of them in it mean one. Names of functions are compared without regard to case.
A member that is missing is an error, unless a question mark precedes it: then it is null. Names of members, too, are
compared without regard to case, if none is the same. Slashes in them separate the names of members of members, as Power
Automate writes them: `outputs('Get')?['body/value']`.

Sources: Azure Logic Apps, "Schema reference guide for the Workflow Definition Language", operators; for what it does
not say, tests of tomdam/flowforger, which were compared with Power Automate.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from workflow_player.errors import FlowError, TemplateError


@dataclass(frozen=True)
class Literal:
    value: Any


@dataclass(frozen=True)
class Call:
    name: str
    arguments: tuple["Node", ...]


@dataclass(frozen=True)
class Member:
    owner: "Node"
    key: "Node"
    safe: bool


Node = Literal | Call | Member
Functions = Callable[[str, tuple[Node, ...], Callable[[Node], Any]], Any]
"""Calls a function by its name, with the trees of its arguments and what evaluates one of them."""

_TOKEN = re.compile(
    r"\s*(?:(?P<number>-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)|(?P<name>[A-Za-z_$][\w$]*)"
    r"|'(?P<text>(?:[^']|'')*)'|(?P<sign>\?\[|\?\.|[\[\](),.]))"
)
_CONSTANTS = {"true": True, "false": False, "null": None}


def parse(text: str) -> Node:
    """The tree of an expression without its `@`. Raises FlowError if it is none."""
    tokens = _Tokens(text)
    node = tokens.expression()
    if tokens.left:
        raise FlowError(f"unexpected {tokens.left[0][1]!r} in the expression: {text}")
    return node


class _Tokens:
    def __init__(self, text: str) -> None:
        self.text = text
        self.left = list(_tokens(text))

    def expression(self) -> Node:
        node = self._operand()
        while self.left and self.left[0][1] in ("[", "?[", ".", "?.") and self.left[0][0] == "sign":
            sign = self.left.pop(0)[1]
            if sign.endswith("["):
                key = self.expression()
                self._expect("]")
            else:
                key = Literal(self._take("name"))
            node = Member(node, key, safe=sign.startswith("?"))
        return node

    def _operand(self) -> Node:
        if not self.left:
            raise FlowError(f"the expression ends too early: {self.text}")
        kind, word = self.left.pop(0)
        if kind == "text":
            return Literal(word.replace("''", "'"))
        if kind == "number":
            return Literal(float(word) if re.search(r"[.eE]", word) else int(word))
        if kind == "name" and self.left[:1] == [("sign", "(")]:
            return Call(word, self._arguments())
        if kind == "name" and word.lower() in _CONSTANTS:
            return Literal(_CONSTANTS[word.lower()])
        raise FlowError(f"unexpected {word!r} in the expression: {self.text}")

    def _arguments(self) -> tuple[Node, ...]:
        self._expect("(")
        if self.left[:1] == [("sign", ")")]:
            self.left.pop(0)
            return ()
        arguments = [self.expression()]
        while self.left[:1] == [("sign", ",")]:
            self.left.pop(0)
            arguments.append(self.expression())
        self._expect(")")
        return tuple(arguments)

    def _expect(self, sign: str) -> None:
        if self.left[:1] != [("sign", sign)]:
            raise FlowError(f"{sign!r} is missing in the expression: {self.text}")
        self.left.pop(0)

    def _take(self, kind: str) -> str:
        if not self.left or self.left[0][0] != kind:
            raise FlowError(f"a {kind} is missing in the expression: {self.text}")
        return self.left.pop(0)[1]


def _tokens(text: str) -> Iterator[tuple[str, str]]:
    position, end = 0, len(text.rstrip())
    while position < end:
        found = _TOKEN.match(text, position)
        if not found or not found.lastgroup:
            raise FlowError(f"invalid from {text[position:]!r} in the expression: {text}")
        yield found.lastgroup, found.group(found.lastgroup)
        position = found.end()


def value_of(node: Node, call: Functions) -> Any:
    """The value of a tree. Raises TemplateError if it has none."""

    def evaluated(inner: Node) -> Any:
        return value_of(inner, call)

    if isinstance(node, Literal):
        return node.value
    if isinstance(node, Call):
        return call(node.name, node.arguments, evaluated)
    return member(evaluated(node.owner), evaluated(node.key), safe=node.safe)


def member(owner: Any, key: Any, *, safe: bool) -> Any:
    """A member of an object, or an item of an array."""
    if owner is None:
        if safe:
            return None
        raise TemplateError(f"the member {key!r} of null cannot be selected; with ?[...] it is null")
    if isinstance(owner, list):
        return _item(owner, key, safe=safe)
    if not isinstance(owner, dict):
        raise TemplateError(f"the member {key!r} cannot be selected from a {kind_of(owner)}, only from an object")
    if not isinstance(key, str):
        raise TemplateError(f"an object has members with names, not {key!r}")
    found = key_of(owner, key)
    if found is not None:
        return owner[found]
    first, slash, rest = key.partition("/")
    if slash and (found := key_of(owner, first)) is not None:
        return member(owner[found], rest, safe=safe)
    if safe:
        return None
    raise TemplateError(f"there is no member {key!r}; there are: {', '.join(map(str, owner)) or 'none'}")


def key_of(owner: dict[str, Any], name: str) -> str | None:
    """The name of the member that a name selects: the same, or else the same without regard to case."""
    if name in owner:
        return name
    return next((key for key in owner if key.lower() == name.lower()), None)


def _item(owner: list[Any], key: Any, *, safe: bool) -> Any:
    if isinstance(key, str) and key.isdigit():
        key = int(key)
    if isinstance(key, bool) or not isinstance(key, int):
        raise TemplateError(f"an item of an array is selected by its index, not by {key!r}")
    if 0 <= key < len(owner):
        return owner[key]
    if safe:
        return None
    raise TemplateError(f"the index {key} is outside of an array of {len(owner)} items")


def kind_of(value: Any) -> str:
    """The name of a value's type in messages."""
    names = {type(None): "null", bool: "boolean", int: "number", float: "number", str: "text", list: "array"}
    return names.get(type(value), "object")


def calls(node: Node) -> Iterator[Call]:
    """Every call in a tree."""
    if isinstance(node, Call):
        yield node
        for argument in node.arguments:
            yield from calls(argument)
    elif isinstance(node, Member):
        yield from calls(node.owner)
        yield from calls(node.key)
