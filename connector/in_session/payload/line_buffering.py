"""Line buffering for the beginning of stdout and stderr. Kernels collect text for a moment before they send it, and
what they hold is lost if the interpreter is killed.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from typing import Any

from .host import getpid

_LINES = 100
"""Of each stream. Each costs a message, so a run that writes much is not slowed down."""


def is_kernels(stream: Any) -> bool:
    """False for what code has put in the place of stdout or stderr."""
    return hasattr(stream, "_schedule_flush")


@contextlib.contextmanager
def line_buffered() -> Iterator[None]:
    streams = [stream for stream in (sys.stdout, sys.stderr) if is_kernels(stream)]
    for stream in streams:
        _flush_lines(stream)
    try:
        yield
    finally:
        for stream in streams:
            stream.__dict__.pop("write", None)


def _flush_lines(stream: Any) -> None:
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
