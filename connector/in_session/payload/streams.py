"""Text that a run writes: bounded, and as a terminal shows it. Independent of kernels; the connector uses it too."""

from __future__ import annotations

import collections
import re

from ..protocol import MAX_STREAM_CHARACTERS

_MAX_LINE_CHARACTERS = 8192
"""Of an unfinished line that is held back, because a carriage return may still overwrite it."""

_NEWLINES = re.compile("\r*\n")


def collapse_carriage_returns(text: str) -> str:
    """The text as a terminal shows it: what follows a carriage return overwrites the line. Of a progress bar, only the
    last state remains. `\\r\\n` is a line ending.
    """
    if "\r" not in text:
        return text
    lines, position = [], 0
    for newline in _NEWLINES.finditer(text):
        lines.append(_overwritten(text[position : newline.start()]) + newline.group())
        position = newline.end()
    return "".join(lines) + _overwritten(text[position:])


def _overwritten(line: str) -> str:
    if "\r" not in line:
        return line
    states = [state for state in line.split("\r") if state]
    if "\x1b" in line:  # escape sequences have no width, so the last state counts as a complete line
        return states[-1] if states else ""
    shown = ""
    for state in states:
        shown = state + shown[len(state) :]
    return shown


class Text:
    """A stream that keeps its first and its last part. Carriage returns are collapsed, unless it `is_raw`."""

    def __init__(self, *, is_raw: bool = False) -> None:
        self._is_raw = is_raw
        self._half = MAX_STREAM_CHARACTERS // 2
        self._head: list[str] = []
        self._tail: collections.deque[str] = collections.deque()
        self._head_length = self._tail_length = 0
        self._line = ""
        self._dropped = 0

    def write(self, text: str) -> None:
        if self._is_raw:
            return self._keep(text)
        text = self._line + text
        end = text.rfind("\n") + 1
        self._line = text[end:]
        if end:
            self._keep(collapse_carriage_returns(text[:end]))
        if len(self._line) > _MAX_LINE_CHARACTERS:
            self._shorten_line()

    def _shorten_line(self) -> None:
        returns = self._line.endswith("\r")
        line = collapse_carriage_returns(self._line)
        if "\r" in self._line and len(line) <= _MAX_LINE_CHARACTERS:
            self._line = line + ("\r" if returns else "")
        else:
            self._keep(line)
            self._line = ""

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
        line = collapse_carriage_returns(self._line)
        room = self._half - len(head)
        if room > 0 and not tail:
            head, line = head + line[:room], line[room:]
        tail += line
        over = max(0, len(tail) - self._half)
        omitted = self._dropped + over
        between = omission(omitted) if omitted else ""
        return head + between + tail[over:], omitted


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
