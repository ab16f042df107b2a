"""A task that begins a chunked upload: it makes the upload's folder, if the session has room for the file.

It may be performed twice, and late: an upload that its caller has abandoned meanwhile is removed again.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import time
from typing import TypedDict

from ..protocol import DATA


class Arguments(TypedDict):
    """`upload_id` names a folder in `transfers_folder`. `path` and `size` in bytes are the file's. Paths are relative
    to the data folder. Uploads without a new chunk for `lifetime_seconds` are removed.
    """

    transfers_folder: str
    upload_id: str
    path: str
    size: int
    lifetime_seconds: float


class Result(TypedDict):
    """`room` in bytes, and whether the path `is_free` for a file. Unless both suffice, nothing was made."""

    room: int
    is_free: bool


def perform(arguments: Arguments) -> Result:
    transfers = os.path.join(DATA, arguments["transfers_folder"])
    _remove_old(transfers, time.time() - arguments["lifetime_seconds"])
    status = os.statvfs(DATA)
    room = status.f_bavail * status.f_frsize
    is_free = _is_free(os.path.join(DATA, arguments["path"]))
    upload = os.path.join(transfers, arguments["upload_id"])
    if arguments["size"] <= room and is_free:
        os.makedirs(upload, exist_ok=True)
        for folder in (transfers, upload):
            with contextlib.suppress(OSError):
                os.chmod(folder, 0o777)  # the pool may write files as another user than this one
        with open(os.path.join(upload, "partial"), "ab"):
            pass
    if os.path.exists(os.path.join(upload, "abandoned")):
        shutil.rmtree(upload, ignore_errors=True)
    return {"room": room, "is_free": is_free}


def _is_free(path: str) -> bool:
    """Whether no folder has that path, and no file that of a folder above it."""
    if os.path.isdir(path):
        return False
    above = os.path.dirname(path)
    while not os.path.lexists(above):
        above = os.path.dirname(above)
    return os.path.isdir(above)


def _remove_old(transfers: str, before: float) -> None:
    """Removes each folder in which nothing has changed since then."""
    with contextlib.suppress(FileNotFoundError), os.scandir(transfers) as folders:
        for folder in folders:
            with contextlib.suppress(OSError):
                times = [folder.stat().st_mtime]
                with os.scandir(folder.path) as files:
                    times += [file.stat().st_mtime for file in files]
                if max(times) < before:
                    shutil.rmtree(folder.path, ignore_errors=True)
