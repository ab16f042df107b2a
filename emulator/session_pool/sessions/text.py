"""Text that the code of a session made, which may be long: it is kept as UTF-8, and read in pieces.

A Python string takes up to four bytes for each character, and converting a long one in one go keeps others waiting.
"""

import ast
import re
from collections.abc import Iterator

SHORT_CHARACTERS = 64 << 10
"""Up to so many, `shown` is an ordinary string."""

_PIECE_BYTES = 64 << 10

# What a string literal has between its quotes; Python's own repr uses only some of these escapes.
_LITERAL = {
    quote: re.compile(
        r"(?:[^\\\n\r\0\ud800-\udfff" + quote + r"]++|\\(?:[abfnrtv\\'\"]|x[\da-fA-F]{2}|u[\da-fA-F]{4}|"
        r"U00(?:0[\da-fA-F]|10)[\da-fA-F]{4}))*+"
    )
    for quote in "'\""
}
_LONGEST_ESCAPE = 10


class Text:
    """Grows by `write`. `characters` is its length."""

    def __init__(self, text: str = "") -> None:
        self._content = bytearray()
        self.characters = 0
        self.write(text)

    def write(self, text: str) -> None:
        self._content += text.encode("utf-8", "surrogatepass")
        self.characters += len(text)

    @property
    def size(self) -> int:
        """In bytes."""
        return len(self._content)

    def shown(self) -> "str | Text":
        """A string unless it is long."""
        return str(self) if self.characters <= SHORT_CHARACTERS else self

    def first_bytes(self, limit: int) -> "Text":
        """As the service cuts: half a character at the end is replaced."""
        if self.size <= limit:
            return self
        return Text(self._content[:limit].decode("utf-8", "replace"))

    def pieces(self) -> Iterator[str]:
        """Each can be handled in a slice of time."""
        start = 0
        while start < len(self._content):
            end = start + _PIECE_BYTES
            while end < len(self._content) and self._content[end] & 0xC0 == 0x80:  # inside a character
                end -= 1
            yield self._content[start:end].decode("utf-8", "surrogatepass")
            start = end

    def __str__(self) -> str:
        return self._content.decode("utf-8", "surrogatepass")


class Literal:
    """Follows whether a text that comes in pieces is a single string literal."""

    def __init__(self) -> None:
        self._quote = ""
        self._rest = ""
        self._is_wrong = False

    def feed(self, piece: str) -> None:
        if not self._quote and piece and not self._is_wrong:
            self._quote, piece = piece[0], piece[1:]
            self._is_wrong = self._quote not in _LITERAL
        if not self._is_wrong and piece:
            _, self._rest = _split(self._quote, self._rest + piece)
            self._is_wrong = len(self._rest) >= _LONGEST_ESCAPE

    @property
    def is_complete(self) -> bool:
        return not self._is_wrong and bool(self._quote) and self._rest == self._quote


class Unquoted(Text):
    """The string that a complete literal stands for."""

    def __init__(self, literal: Text) -> None:
        self._literal = literal
        self.characters = literal.characters
        """Or less, as escapes have more than one."""

    @property
    def size(self) -> int:
        return self._literal.size

    def pieces(self) -> Iterator[str]:
        quote, rest = "", ""
        for piece in self._literal.pieces():
            if not quote:
                quote, piece = piece[0], piece[1:]
            inside, rest = _split(quote, rest + piece)
            yield ast.literal_eval(quote + inside + quote)

    def __str__(self) -> str:
        return "".join(self.pieces())


def _split(quote: str, text: str) -> tuple[str, str]:
    """What is certainly inside the literal, and the rest: its end, or half an escape."""
    match = _LITERAL[quote].match(text)
    end = match.end() if match else 0
    return text[:end], text[end:]
