"""Marks in the standard streams of an interpreter, which show where the output of a request begins.

Each request carries its own mark, which the interpreter writes into its streams when the request begins. So the
server can drop what was written before, by code that an earlier request left running. Marks are random: a stream does
not contain one by accident.
"""

import contextlib
import os
import secrets
from collections.abc import Iterable

from .frames import Message


def new_mark() -> bytes:
    return b"\0" + secrets.token_hex(8).encode()


def with_mark(request: Message, mark: bytes) -> Message:
    return {**request, "mark": mark.decode()}


def write_mark(request: Message, streams: Iterable[int]) -> None:
    """`streams` are the descriptors of the interpreter's standard output and standard error."""
    for stream in streams:
        with contextlib.suppress(OSError):  # the code has closed it
            os.write(stream, request.get("mark", "").encode())


class OutputSinceMark:
    """Passes on what a stream carries after the mark that is expected, and drops what comes before."""

    def __init__(self) -> None:
        self._mark = b""
        self._held = b""
        self._has_passed = False

    def expect(self, mark: bytes) -> None:
        self._mark, self._held, self._has_passed = mark, b"", False

    def feed(self, written: bytes) -> bytes:
        """The part of `written` to pass on."""
        if self._has_passed or not self._mark:
            return written if self._has_passed else b""
        self._held += written
        before, mark, after = self._held.partition(self._mark)
        if not mark:
            self._held = before[1 - len(self._mark) :]
            return b""
        self._held, self._has_passed = b"", True
        return after
