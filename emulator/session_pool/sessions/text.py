"""Text that the code of a session made, which may be long: most of it is kept in a file, and it is read in pieces.

So it takes little of the server's memory, whoever keeps it for how long, and nobody has to wait while it is converted.
"""

import ast
import re
import tempfile
import weakref
from collections.abc import Iterator
from typing import BinaryIO

SHORT_CHARACTERS = 64 << 10
"""Up to so many, `shown` is an ordinary string."""

_MEMORY_BYTES = 256 << 10
_PIECE_BYTES = 64 << 10
_LONGEST_CHARACTER = 4

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
    """Grows by `write`. `characters` is its length, `size` that of its UTF-8 in bytes.

    It is in memory at first, then in a file without a name, which ends with it.
    """

    def __init__(self, text: str = "") -> None:
        self._memory = bytearray()
        self._file: BinaryIO | None = None
        self.characters = 0
        self.size = 0
        self.write(text)

    def write(self, text: str) -> None:
        """Raises OSError if the disk is full."""
        content = text.encode("utf-8", "surrogatepass")
        if self._file is None and self.size + len(content) > _MEMORY_BYTES:
            self._file = tempfile.TemporaryFile(buffering=0)
            weakref.finalize(self, self._file.close)
            self._file.write(self._memory)
            self._memory.clear()
        if self._file is None:
            self._memory += content
        else:
            self._file.seek(self.size)
            self._file.write(content)
        self.characters += len(text)
        self.size += len(content)

    def shown(self) -> "str | Text":
        """A string unless it is long."""
        return str(self) if self.characters <= SHORT_CHARACTERS else self

    def first_bytes(self, limit: int) -> "Text":
        """As the service cuts: half a character at the end is replaced."""
        if self.size <= limit:
            return self
        first, left = Text(), limit
        for piece in self.pieces():
            content = piece.encode("utf-8", "surrogatepass")
            if len(content) >= left:
                first.write(content[:left].decode("utf-8", "replace"))
                break
            first.write(piece)
            left -= len(content)
        return first

    def pieces(self) -> Iterator[str]:
        """Each can be handled in a slice of time."""
        start = 0
        while start < self.size:
            content = self._bytes(start, start + _PIECE_BYTES)
            end = len(content)
            if start + end < self.size:
                end = _complete(content)
            yield content[:end].decode("utf-8", "surrogatepass")
            start += end

    def _bytes(self, start: int, end: int) -> bytes:
        if self._file is None:
            return bytes(self._memory[start:end])
        self._file.seek(start)
        return self._file.read(end - start)

    def __str__(self) -> str:
        return "".join(self.pieces())


def _complete(content: bytes) -> int:
    """The length without the beginning of a character at the end."""
    for back in range(1, _LONGEST_CHARACTER + 1):
        if content[-back] & 0xC0 != 0x80:
            return len(content) - back
    return len(content)


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
    """The string that a complete literal stands for. `characters` and `size` are those of the literal."""

    def __init__(self, literal: Text) -> None:
        self._literal = literal
        self.characters, self.size = literal.characters, literal.size

    def pieces(self) -> Iterator[str]:
        quote, rest = "", ""
        for piece in self._literal.pieces():
            if not quote:
                quote, piece = piece[0], piece[1:]
            inside, rest = _split(quote, rest + piece)
            yield ast.literal_eval(quote + inside + quote)


def _split(quote: str, text: str) -> tuple[str, str]:
    """What is certainly inside the literal, and the rest: its end, or half an escape."""
    match = _LITERAL[quote].match(text)
    end = match.end() if match else 0
    return text[:end], text[end:]
