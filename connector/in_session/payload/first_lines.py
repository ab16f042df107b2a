"""The first lines that a run writes leave the interpreter at once. Kernels collect text for a moment, and what they
hold is lost if the interpreter is killed.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from typing import Any

from .host import getpid

_LINES = 100
"""Of each stream. Each costs a message, so a run that writes much is not slowed down."""


@contextlib.contextmanager
def first_lines_at_once() -> Iterator[None]:
    streams = [stream for stream in (sys.stdout, sys.stderr) if hasattr(stream, "_schedule_flush")]
    for stream in streams:
        _write_at_once(stream)
    try:
        yield
    finally:
        for stream in streams:
            stream.__dict__.pop("write", None)


def _write_at_once(stream: Any) -> None:
    original, process, lines_left = stream.write, getpid(), [_LINES]

    def write(text: str) -> Any:
        written = original(text)
        if text.endswith("\n") and getpid() == process:
            lines_left[0] -= 1
            if lines_left[0] <= 0:
                stream.__dict__.pop("write", None)
            stream.flush()
        return written

    stream.write = write
