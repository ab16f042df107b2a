"""Text that a run writes: bounded, and as a terminal shows it. Independent of kernels; the connector uses it too."""

from __future__ import annotations

import collections
import re

from ..protocol import MAX_STREAM_CHARACTERS

_MAX_LINE_CHARACTERS = 8192
"""Of an unfinished line that is held back, because a carriage return may still overwrite it."""

_NEWLINES = re.compile("(?<!\r)\r*\n")
CONTROLS = re.compile(
    "(\r+|\b+|\x1b(?:"
    r"\[[0-?]*[ -/]*(?:[@-~]|$)"  # such as colors
    "|[]PX^_][^\x07\x1b\n]*(?:\x07|\x1b\\\\)?"  # such as links and titles
    "|[ -/]*[0-~]?))"
)
"""What a terminal does not show: returns, backspaces and escape sequences."""

MOVES_BETWEEN_LINES = re.compile(r"\x1b\[\d*[AB]")
"""Such as those of nested progress bars."""

ERASE_LINE = "\x1b[2K"


MAX_BLANKS = 1 << 20
"""That rows get in front of text that is written to the right of their end."""


class Row:
    """One line of a terminal, and the column in which it writes. `blanks` are left for all rows that share them: few
    texts need any, and some would need billions.
    """

    __slots__ = ("blanks", "cells", "column")

    def __init__(self, blanks: list[int] | None = None) -> None:
        self.cells: list[str] = []
        self.column = 0
        self.blanks = [MAX_BLANKS] if blanks is None else blanks

    def write(self, line: str) -> None:
        for part in CONTROLS.split(line):
            if not part:
                continue
            if part[0] == "\r":
                self.column = 0
            elif part[0] == "\b":
                self.column = max(0, self.column - len(part))
            elif part[0] != "\x1b":
                if self.column > len(self.cells):
                    self.column = min(self.column, len(self.cells) + self.blanks[0])
                    self.blanks[0] -= self.column - len(self.cells)
                    self.cells += " " * (self.column - len(self.cells))
                self.cells[self.column : self.column + len(part)] = part
                self.column += len(part)
            elif part in ("\x1b[K", "\x1b[0K"):
                del self.cells[self.column :]
            elif part == ERASE_LINE:
                self.cells = []

    def text(self) -> str:
        return "".join(self.cells)


def collapse_line(line: str) -> str:
    """The line as a terminal shows it: what follows a carriage return overwrites it, and escape sequences are not
    visible. Of a progress bar, only the last state remains.
    """
    if "\r" in line or "\b" in line:
        shown = _row(line).text()
        return shown if shown.strip(" ") else ""  # a bar that has been removed leaves spaces
    return CONTROLS.sub("", line)


def _row(line: str) -> Row:
    row = Row()
    row.write(line)
    return row


def _is_plain(text: str) -> bool:
    return "\r" not in text and "\x1b" not in text and "\b" not in text


def collapse_lines(text: str) -> str:
    """Each line as a terminal shows it, unless it moves to other lines. `\\r\\n` is a line ending."""
    if _is_plain(text):
        return text
    lines, position = [], 0
    for newline in _NEWLINES.finditer(text):
        lines.append(_unless_it_moves(text[position : newline.start()]) + newline.group())
        position = newline.end()
    return "".join(lines) + _unless_it_moves(text[position:])


def _unless_it_moves(line: str) -> str:
    return line if "\x1b" in line and MOVES_BETWEEN_LINES.search(line) else collapse_line(line)


class Text:
    """A stream that keeps its first and its last part. Lines are collapsed, unless it `is_raw`; a line of more than
    `_MAX_LINE_CHARACTERS` in several parts, each for itself.
    """

    def __init__(self, *, is_raw: bool = False) -> None:
        self._is_raw = is_raw
        self._half = MAX_STREAM_CHARACTERS // 2
        self._head: list[str] = []
        self._tail: collections.deque[str] = collections.deque()
        self._head_length = self._tail_length = 0
        self._line = ""
        self._line_is_partly_kept = False
        self._dropped = 0
        self._mark: tuple[int, str] = (0, "")
        self._goes_on = True

    def write(self, text: str) -> None:
        self._goes_on = True
        if self._is_raw:
            return self._keep(text)
        text = self._line + text
        end = text.rfind("\n") + 1
        self._line = text[end:]
        if end:
            self._line_is_partly_kept = False
            self._keep(collapse_lines(text[:end]))
        if len(self._line) > _MAX_LINE_CHARACTERS:
            self._shorten_line()

    def _shorten_line(self) -> None:
        if "\r" in self._line and not MOVES_BETWEEN_LINES.search(self._line):
            row = _row(self._line)
            shown = row.text()
            if len(shown) <= _MAX_LINE_CHARACTERS // 2:
                self._line = shown + "\r" + shown[: row.column]
                return
        self._keep_line()

    def _keep_line(self) -> None:
        self._keep(_unless_it_moves(self._line))
        self._line, self._line_is_partly_kept = "", True

    def _keep(self, text: str) -> None:
        room = self._half - self._head_length
        if room > 0:
            self._head.append(text[:room])
            self._head_length += len(text[:room])
            text = text[room:]
        if text:
            self._tail.append(text)
            self._tail_length += len(text)
        while self._tail and self._tail_length - len(self._tail[0]) > self._half:
            dropped = len(self._tail.popleft())
            self._tail_length -= dropped
            self._dropped += dropped

    def read(self) -> tuple[str, int]:
        """The text, and how many characters of it were omitted."""
        head, tail = "".join(self._head), "".join(self._tail)
        line = _unless_it_moves(self._line)
        room = self._half - len(head)
        if room > 0 and not tail:
            head, line = head + line[:room], line[room:]
        tail += line
        over = max(0, len(tail) - self._half)
        omitted = self._dropped + over
        between = omission(omitted) if omitted else ""
        return head + between + tail[over:], omitted

    def mark(self, *, is_last: bool) -> None:
        """Marks the current end of the text, which is in its first part."""
        self._goes_on, before = False, ""
        if is_last and self._line and (self._line_is_partly_kept or _is_plain(self._line)):
            self._keep_line()
        elif is_last and self._line:
            before = "\r" + ERASE_LINE
        self._mark = self._head_length, before

    def seam(self) -> tuple[int, str]:
        """Where in `read()` the text begins that follows the mark, and what to write before it, after everything up to
        the mark has been written to a terminal.
        """
        return self._mark if self._goes_on else (MAX_STREAM_CHARACTERS * 2, "")


def bounded(text: str, longest: int) -> str:
    """The first and the last part of a text that is longer, with the number of the omitted characters between them."""
    if len(text) <= longest:
        return text
    room = longest - len(omission(len(text)))
    head = room // 2
    return text[:head] + omission(len(text) - room) + text[head - room :]


def omission(characters: int) -> str:
    """The text that replaces omitted text."""
    return f"\n[... {characters:,} characters omitted ...]\n"
