"""A task: puts a part of a file behind those that are there, and the file in its place when the last one is.

It may be done twice, and later than it was asked for: what is there already is compared and not written again.
"""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import time
from typing import Any

DATA = "/mnt/data"
PIECE = 1 << 20
FORGOTTEN_SECONDS = 300
"""Of a part: whoever sent it waits for its task much shorter."""


def perform(arguments: dict[str, Any]) -> dict[str, Any]:
    """`upload` is the folder of the upload, which has the file `part`: the bytes from `first` to `last`. All paths are
    below the data folder. The whole has `size` bytes and goes to `folder` under `name`.

    Tells `state` and how many bytes are `received`. States: `ok`; `complete`; `gone` without such an upload; `gap` and
    `other bytes` when the part does not belong there; `no part`, as when it is written at this moment; `full` without
    room in the session; `folder` when a folder stands where the file goes, or a file where its folder goes.
    """
    upload = os.path.join(DATA, arguments["upload"])
    partial, complete = os.path.join(upload, "partial"), os.path.join(upload, "complete")
    part, size = os.path.join(upload, arguments["part"]), arguments["size"]
    if not os.path.exists(partial):
        with contextlib.suppress(FileNotFoundError):
            os.unlink(part)
        if os.path.exists(complete):
            return {"state": "complete", "received": size}
        shutil.rmtree(upload, ignore_errors=True)  # the part came to a session that has ended, or too late
        return {"state": "gone", "received": 0}
    _remove_forgotten(upload, arguments["part"])
    state = _taken(partial, part, arguments["first"], arguments["last"])
    received = os.path.getsize(partial)
    if state == "ok" and received == size:
        folder = os.path.join(DATA, arguments["folder"])
        place = os.path.join(folder, arguments["name"])
        if os.path.isdir(place):
            return {"state": "folder", "received": received}
        try:
            os.makedirs(folder, exist_ok=True)
        except (FileExistsError, NotADirectoryError):
            return {"state": "folder", "received": received}
        with open(complete, "wb"):
            pass
        os.replace(partial, place)
        for name in os.listdir(upload):
            if name.startswith("part-"):  # its task never came; other names are what the pool is writing
                with contextlib.suppress(OSError):
                    os.unlink(os.path.join(upload, name))
        state = "complete"
    return {"state": state, "received": received}


def _taken(partial: str, part: str, first: int, last: int) -> str:
    """Moves the part's bytes to the end of the partial file, and removes the part unless it may be needed again."""
    there, length = os.path.getsize(partial), last + 1 - first
    try:
        with open(partial, "r+b", buffering=0) as target, open(part, "rb") as source:
            if os.fstat(source.fileno()).st_size != length:
                return "no part"
            if first > there:
                os.unlink(part)
                return "gap"
            repeated = min(there, last + 1) - first
            target.seek(first)
            if not _are_same(target, source, repeated):
                return (
                    "other bytes"  # the part stays for its sender to remove: when it is done twice, this is told again
                )
            try:
                _append(target, source)
            except OSError as failure:
                target.truncate(there)
                if failure.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
                    raise
                os.unlink(part)
                return "full"
            if os.fstat(target.fileno()).st_size != max(there, last + 1):  # it is written at this moment
                target.truncate(there)
                return "no part"
    except FileNotFoundError:
        return "ok" if last < there else "no part"  # it is done twice, or its sender has given up
    with contextlib.suppress(FileNotFoundError):  # its sender may give up at this moment
        os.unlink(part)
    return "ok"


def _remove_forgotten(upload: str, part: str) -> None:
    """Other parts, as of an instance that ended before it could remove its own."""
    before = time.time() - FORGOTTEN_SECONDS
    with os.scandir(upload) as files:
        for file in files:
            if file.name.startswith("part-") and file.name != part:
                with contextlib.suppress(OSError):
                    if file.stat().st_mtime < before:
                        os.unlink(file.path)


def _append(target: Any, source: Any) -> None:
    target.seek(0, os.SEEK_END)
    while piece := source.read(PIECE):
        left = memoryview(piece)
        while left:
            left = left[target.write(left) :]  # without a buffer: what has no room must not come again at the end


def _are_same(one: Any, other: Any, length: int) -> bool:
    while length > 0:
        piece = one.read(min(PIECE, length))
        if not piece or piece != other.read(len(piece)):
            return False
        length -= len(piece)
    return True
