"""A task that appends a chunk to an upload, and moves the file to its path after the last chunk.

It may be performed twice, or late: bytes that the upload already has are compared, and not written again.
"""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import time
from typing import BinaryIO, Literal, TypedDict

from ..protocol import DATA

PIECE_BYTES = 1 << 20
ABANDONED_SECONDS = 300
"""The age at which a chunk is abandoned. Its sender does not wait that long for the task."""


class Arguments(TypedDict):
    """`chunk` is the name of a file in `upload_folder`, with the bytes from `first` to `last`.

    The complete file has `size` bytes, and goes to `folder` as `name`. Folders are relative to the data folder.
    """

    upload_folder: str
    chunk: str
    first: int
    last: int
    size: int
    folder: str
    name: str


State = Literal[
    "appended",
    "complete",
    "not_found",  # there is no such upload
    "gap",  # bytes before the chunk are missing
    "different_bytes",  # from those that the upload already has
    "chunk_missing",  # or still being written
    "no_room",  # in the session
    "path_taken",  # by a folder, or its folder's path by a file
]


class Result(TypedDict):
    """`received` is how many bytes the upload has, from the first one on."""

    state: State
    received: int


def perform(arguments: Arguments) -> Result:
    upload = os.path.join(DATA, arguments["upload_folder"])
    partial, complete = os.path.join(upload, "partial"), os.path.join(upload, "complete")
    chunk, size = os.path.join(upload, arguments["chunk"]), arguments["size"]
    if not os.path.exists(partial):
        with contextlib.suppress(FileNotFoundError):
            os.unlink(chunk)
        if os.path.exists(complete):
            return {"state": "complete", "received": size}
        shutil.rmtree(upload, ignore_errors=True)  # the chunk was sent to a session that has ended, or too late
        return {"state": "not_found", "received": 0}
    _remove_abandoned(upload, arguments["chunk"])
    state = _append_chunk(partial, chunk, arguments["first"], arguments["last"])
    received = os.path.getsize(partial)
    if state == "appended" and received == size:
        folder = os.path.join(DATA, arguments["folder"])
        path = os.path.join(folder, arguments["name"])
        if os.path.isdir(path):
            return {"state": "path_taken", "received": received}
        try:
            os.makedirs(folder, exist_ok=True)
        except (FileExistsError, NotADirectoryError):
            return {"state": "path_taken", "received": received}
        with open(complete, "wb"):
            pass
        os.replace(partial, path)
        for name in os.listdir(upload):
            if name.startswith("chunk-"):  # its task was never performed; other files are still being written
                with contextlib.suppress(OSError):
                    os.unlink(os.path.join(upload, name))
        state = "complete"
    return {"state": state, "received": received}


def _append_chunk(partial: str, chunk: str, first: int, last: int) -> State:
    """Moves the chunk's bytes to the end of the partial file. Removes the chunk, unless it may be needed again."""
    received, length = os.path.getsize(partial), last + 1 - first
    try:
        with open(partial, "r+b", buffering=0) as target, open(chunk, "rb") as source:
            if os.fstat(source.fileno()).st_size != length:
                return "chunk_missing"
            if first > received:
                os.unlink(chunk)
                return "gap"
            repeated = min(received, last + 1) - first
            target.seek(first)
            if not are_same(target, source, repeated):
                # Its sender removes the chunk: a second attempt must return the same.
                return "different_bytes"
            try:
                append(target, source)
            except OSError as failure:
                target.truncate(received)
                if failure.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
                    raise
                os.unlink(chunk)
                return "no_room"
            if os.fstat(target.fileno()).st_size != max(received, last + 1):  # the chunk is still being written
                target.truncate(received)
                return "chunk_missing"
    except FileNotFoundError:
        return "appended" if last < received else "chunk_missing"  # performed twice, or its sender has given up
    with contextlib.suppress(FileNotFoundError):  # its sender may give up at this moment
        os.unlink(chunk)
    return "appended"


def _remove_abandoned(upload: str, chunk: str) -> None:
    """Removes other chunks whose sender, such as an instance of the connector that has ended, did not remove them."""
    before = time.time() - ABANDONED_SECONDS
    with os.scandir(upload) as files:
        for file in files:
            if file.name.startswith("chunk-") and file.name != chunk:
                with contextlib.suppress(OSError):
                    if file.stat().st_mtime < before:
                        os.unlink(file.path)


def append(target: BinaryIO, source: BinaryIO) -> None:
    """`target` must not be buffered: closing it would write again what had no room."""
    target.seek(0, os.SEEK_END)
    while piece := source.read(PIECE_BYTES):
        left = memoryview(piece)
        while left:
            left = left[target.write(left) :]


def are_same(one: BinaryIO, other: BinaryIO, length: int) -> bool:
    """Whether the next `length` bytes of both files are the same."""
    while length > 0:
        piece = one.read(min(PIECE_BYTES, length))
        if not piece or piece != other.read(len(piece)):
            return False
        length -= len(piece)
    return True
