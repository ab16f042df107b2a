"""A task that copies a range of a file to a separate file.

It may be performed twice, or late: the range is then kept for its caller's next attempt, and removed after a while.
"""

from __future__ import annotations

import contextlib
import errno
import os
import time
from typing import BinaryIO, TypedDict

from ..protocol import DATA
from .listed_paths import real_path
from .transfer_folders import make_transfer_folder

PIECE_BYTES = 1 << 20


class Arguments(TypedDict):
    """The bytes from `first` to `last` of the file at `path` are copied to `name` in `ranges_folder`, if the file has
    `size` bytes. Paths are relative to the data folder. Ranges older than `lifetime_seconds` are removed.
    """

    path: str
    size: int
    first: int
    last: int
    ranges_folder: str
    name: str
    lifetime_seconds: float


class Result(TypedDict):
    """`size` is that of the file in bytes. If it is not the expected one, nothing was copied."""

    size: int


def perform(arguments: Arguments) -> Result:
    ranges = os.path.join(DATA, arguments["ranges_folder"])
    make_transfer_folder(ranges)
    _remove_old(ranges, time.time() - arguments["lifetime_seconds"])
    target = os.path.join(ranges, arguments["name"])
    path, first, last = real_path(arguments["path"]), arguments["first"], arguments["last"]
    with open(path, "rb") as source:
        size = os.fstat(source.fileno()).st_size
        if size == arguments["size"] and not os.path.exists(target):
            try:
                _copy(source, target, first, last)
            except OSError as failure:
                if failure.errno not in (errno.ENOSPC, errno.EDQUOT) or (first, last) != (0, size - 1):
                    raise
                os.link(path, target)  # takes no room
    return {"size": size}


def _copy(source: BinaryIO, target: str, first: int, last: int) -> None:
    """The target exists only once it is complete."""
    incomplete = target + "-new"
    source.seek(first)
    left = last + 1 - first
    try:
        with open(incomplete, "wb") as file:
            while left > 0:
                piece = source.read(min(PIECE_BYTES, left))
                if not piece:
                    raise OSError("the file became shorter while it was read")
                file.write(piece)
                left -= len(piece)
        os.replace(incomplete, target)
    except OSError:
        with contextlib.suppress(OSError):
            os.unlink(incomplete)
        raise


def _remove_old(folder: str, before: float) -> None:
    with os.scandir(folder) as files:
        for file in files:
            with contextlib.suppress(OSError):
                if file.stat().st_mtime < before:
                    os.unlink(file.path)
