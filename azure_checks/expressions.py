"""Bicep's expressions: their tokens, their tree, and the parser that makes one of the other.

It reads the part of the language that infra/ is written in. What it does not know, such as lambdas and imports, is a
`SyntaxMistake`, never skipped: what is not read is not checked. Precedence is that of Bicep's specification
(github.com/Azure/bicep, docs/spec/expressions.md).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass


class SyntaxMistake(Exception):
    """The text is not Bicep, or Bicep that this parser does not know; the message begins with the line."""


@dataclass(frozen=True)
class Node:
    """A part of an expression, with the line that it begins on."""

    line: int


@dataclass(frozen=True)
class Name(Node):
    """A symbol: a parameter, variable, resource, module or loop variable."""

    name: str


@dataclass(frozen=True)
class Text(Node):
    """A string: its pieces, plain or interpolated, in order."""

    parts: tuple["str | Node", ...]

    @property
    def literal(self) -> str | None:
        """The string, if nothing in it is interpolated."""
        return None if any(isinstance(part, Node) for part in self.parts) else "".join(map(str, self.parts))


@dataclass(frozen=True)
class Value(Node):
    """A whole number, true, false or null."""

    value: int | bool | None


@dataclass(frozen=True)
class Items(Node):
    """An array."""

    items: tuple[Node, ...]


@dataclass(frozen=True)
class Object(Node):
    """An object: its keys, which may be interpolated, with their values."""

    entries: tuple[tuple[Text, Node], ...]

    def get(self, name: str) -> Node | None:
        return next((value for key, value in self.entries if key.literal == name), None)


@dataclass(frozen=True)
class Access(Node):
    """A property of something: `target.name`."""

    target: Node
    name: str


@dataclass(frozen=True)
class Index(Node):
    """An element of something: `target[key]`."""

    target: Node
    key: Node


@dataclass(frozen=True)
class Call(Node):
    """A function's result."""

    name: str
    arguments: tuple[Node, ...]


@dataclass(frozen=True)
class Operation(Node):
    """One or two operands and what is done with them."""

    operator: str
    operands: tuple[Node, ...]


@dataclass(frozen=True)
class Choice(Node):
    """`condition ? yes : no`."""

    condition: Node
    yes: Node
    no: Node


@dataclass(frozen=True)
class Loop(Node):
    """`[for item in source: body]`."""

    item: str
    source: Node
    body: Node


@dataclass(frozen=True)
class If(Node):
    """What is there only under a condition: `if (condition) { ... }`."""

    condition: Node
    body: Node


def children(node: Node) -> Iterator[Node]:
    """The parts that a part is made of."""
    match node:
        case Text(parts=parts):
            yield from (part for part in parts if isinstance(part, Node))
        case Items(items=items):
            yield from items
        case Object(entries=entries):
            for key, value in entries:
                yield key
                yield value
        case Access(target=target):
            yield target
        case Index(target=target, key=key):
            yield from (target, key)
        case Call(arguments=arguments):
            yield from arguments
        case Operation(operands=operands):
            yield from operands
        case Choice(condition=condition, yes=yes, no=no):
            yield from (condition, yes, no)
        case Loop(source=source, body=body):
            yield from (source, body)
        case If(condition=condition, body=body):
            yield from (condition, body)


@dataclass(frozen=True)
class Token:
    kind: str  # word, number, text, mark, newline or end
    text: str
    line: int
    parts: tuple["str | Node", ...] = ()  # of a text


_TOKEN = re.compile(
    r"(?P<blank>[ \t\r]+|//[^\n]*|/\*.*?\*/)"
    r"|(?P<newline>\n)"
    r"|(?P<long>'''\n?(?P<inside>.*?)''')"
    r"|(?P<number>\d+)"
    r"|(?P<word>[A-Za-z_]\w*)"
    r"|(?P<mark>::|\.\?|=>|==|!=|<=|>=|&&|\|\||\?\?|[{}\[\]()?:.,=<>!+\-*/%@|])",
    re.DOTALL,
)
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "\\": "\\", "'": "'", "$": "$"}


def tokens(text: str, line: int = 1) -> list[Token]:
    """The tokens of a text whose first line has this number. Raises SyntaxMistake."""
    found: list[Token] = []
    at = 0
    while at < len(text):
        if text[at] == "'" and not text.startswith("'''", at):
            parts, end = _text(text, at + 1, line)
            found.append(Token("text", text[at:end], line, parts))
            at = end
            continue
        match = _TOKEN.match(text, at)
        if match is None:
            raise SyntaxMistake(f"line {line}: {text[at]!r} was not expected")
        if match.lastgroup == "inside" or match["long"]:
            found.append(Token("text", match[0], line, (match["inside"],)))
        elif not match["blank"]:
            found.append(Token(str(match.lastgroup), match[0], line))
        line += match[0].count("\n")
        at = match.end()
    return [*found, Token("end", "", line)]


def _text(text: str, at: int, line: int) -> tuple[tuple[str | Node, ...], int]:
    """The pieces of the string that begins here, behind its quote, and where it ends."""
    parts: list[str | Node] = [""]
    while at < len(text) and text[at] not in "'\n":
        if text.startswith("${", at):
            end = _end_of_interpolation(text, at + 2, line)
            parser = ExpressionParser(tokens(text[at + 2 : end], line))
            parts += [parser.expression(), ""]
            parser.expect("end")
            at = end + 1
            continue
        piece = text[at]
        if piece == "\\":
            at += 1
            piece = _ESCAPES.get(text[at : at + 1], "")
            if not piece:
                raise SyntaxMistake(f"line {line}: \\{text[at : at + 1]} is no escape that is known here")
        parts[-1] = f"{parts[-1]}{piece}"
        at += 1
    if text[at : at + 1] != "'":
        raise SyntaxMistake(f"line {line}: a string does not end")
    return tuple(part for part in parts if part != ""), at + 1


def _end_of_interpolation(text: str, at: int, line: int) -> int:
    depth = 0
    while at < len(text) and text[at] != "\n":
        if text[at] == "'":
            _, at = _text(text, at + 1, line)
            continue
        if text[at] == "}" and depth == 0:
            return at
        depth += {"{": 1, "}": -1}.get(text[at], 0)
        at += 1
    raise SyntaxMistake(f"line {line}: an interpolation does not end")


_BINARY = (("??",), ("||",), ("&&",), ("==", "!="), ("<", "<=", ">", ">="), ("+", "-"), ("*", "/", "%"))
"""Operators that bind alike, the loosest first."""


class ExpressionParser:
    """Reads expressions from tokens, one after the other. Every method raises SyntaxMistake."""

    def __init__(self, found: list[Token]) -> None:
        self._tokens = found
        self._at = 0

    @property
    def token(self) -> Token:
        return self._tokens[self._at]

    def advance(self) -> Token:
        token = self.token
        self._at = min(self._at + 1, len(self._tokens) - 1)
        return token

    def at_mark(self, *marks: str) -> bool:
        return self.token.kind == "mark" and self.token.text in marks

    def at_word(self, *words: str) -> bool:
        return self.token.kind == "word" and self.token.text in words

    def expect(self, what: str) -> Token:
        """The next token, which must be of this kind or have this text."""
        if what not in (self.token.kind, self.token.text) or (self.token.kind == "text" and what != "text"):
            raise SyntaxMistake(f"line {self.token.line}: {what} expected, and there is {self.token.text!r}")
        return self.advance()

    def skip_newlines(self) -> None:
        while self.token.kind == "newline":
            self.advance()

    def next_in_line(self) -> Token:
        """The token behind this one."""
        return self._tokens[min(self._at + 1, len(self._tokens) - 1)]

    def expression(self) -> Node:
        condition = self._binary(0)
        if not self._continues_with("?"):
            return condition
        self.skip_newlines()
        yes = self.expression()
        if not self._continues_with(":"):
            raise SyntaxMistake(f"line {self.token.line}: a choice has no ':'")
        self.skip_newlines()
        return Choice(condition.line, condition, yes, self.expression())

    def text(self) -> Text:
        token = self.expect("text")
        return Text(token.line, token.parts)

    def _continues_with(self, mark: str) -> bool:
        """Whether this mark comes next, if need be on a following line; it is taken then."""
        before = self._at
        self.skip_newlines()
        if self.at_mark(mark):
            self.advance()
            return True
        self._at = before
        return False

    def _binary(self, level: int) -> Node:
        if level == len(_BINARY):
            return self._unary()
        left = self._binary(level + 1)
        while self.at_mark(*_BINARY[level]):
            operator = self.advance().text
            self.skip_newlines()
            left = Operation(left.line, operator, (left, self._binary(level + 1)))
        return left

    def _unary(self) -> Node:
        if self.at_mark("!", "-"):
            operator = self.advance()
            return Operation(operator.line, operator.text, (self._unary(),))
        return self._member()

    def _member(self) -> Node:
        node = self._primary()
        while self.at_mark(".", ".?", "[", "!"):
            mark = self.advance().text
            if mark == "[":
                node = Index(node.line, node, self.expression())
                self.expect("]")
            elif mark != "!":  # ! says that something is not null, and changes nothing else
                node = Access(node.line, node, self.expect("word").text)
        return node

    def _primary(self) -> Node:
        token = self.token
        match token.kind:
            case "text":
                return self.text()
            case "number":
                return Value(self.advance().line, int(token.text))
            case "word" if token.text in ("true", "false", "null"):
                return Value(self.advance().line, {"true": True, "false": False}.get(token.text))
            case "word":
                self.advance()
                if self.at_mark("("):
                    return Call(token.line, token.text, self.arguments())
                return Name(token.line, token.text)
        if self.at_mark("("):
            self.advance()
            self.skip_newlines()
            inside = self.expression()
            self.skip_newlines()
            self.expect(")")
            return inside
        if self.at_mark("{"):
            return self.object()
        if self.at_mark("["):
            return self._array()
        raise SyntaxMistake(f"line {token.line}: {token.text!r} was not expected")

    def arguments(self) -> tuple[Node, ...]:
        self.expect("(")
        return self._until(")")

    def _until(self, end: str) -> tuple[Node, ...]:
        """Expressions with commas or new lines between them."""
        found = []
        self.skip_newlines()
        while not self.at_mark(end):
            found.append(self.expression())
            if not self.at_mark(end) and self.token.kind != "newline":
                self.expect(",")
            self.skip_newlines()
        self.advance()
        return tuple(found)

    def _array(self) -> Node:
        line = self.expect("[").line
        if not self.at_word("for"):
            return Items(line, self._until("]"))
        loop = self.loop(line)
        self.expect("]")
        return loop

    def loop(self, line: int) -> Loop:
        """What stands between the brackets, from `for` on."""
        self.expect("for")
        item = self.expect("word").text
        self.expect("in")
        source = self.expression()
        self.expect(":")
        self.skip_newlines()
        if not self.at_word("if"):
            return Loop(line, item, source, self.expression())
        condition = self.condition()
        return Loop(line, item, source, If(condition.line, condition, self.expression()))

    def condition(self) -> Node:
        """`if` and what stands in its brackets."""
        self.expect("if")
        self.expect("(")
        self.skip_newlines()
        found = self.expression()
        self.skip_newlines()
        self.expect(")")
        return found

    def object(self) -> Object:
        line = self.expect("{").line
        entries = []
        self.skip_newlines()
        while not self.at_mark("}"):
            entries.append(self.entry())
            if not self.at_mark("}") and self.token.kind != "newline":
                self.expect(",")
            self.skip_newlines()
        self.advance()
        return Object(line, tuple(entries))

    def entry(self) -> tuple[Text, Node]:
        """A key and its value."""
        if self.token.kind == "text":
            key = self.text()
        else:
            word = self.expect("word")
            key = Text(word.line, (word.text,))
        self.expect(":")
        self.skip_newlines()
        return key, self.expression()
