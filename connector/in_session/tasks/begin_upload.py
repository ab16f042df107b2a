"""A task that begins a chunked upload: it creates the upload's folder, if the session has room for the file.

It may be performed twice, or late: an upload that its caller has abandoned meanwhile is removed again.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import time
from typing import TypedDict

from ..protocol import DATA
from .transfer_folders import make_transfer_folder


class Arguments(TypedDict):
    """`upload_id` is the name of a folder in `transfers_folder`. The file goes to `path` and has `size` bytes. Paths
    are relative to the data folder. Uploads without a new chunk for `lifetime_seconds` are removed.
    """

    transfers_folder: str
    upload_id: str
    path: str
    size: int
    lifetime_seconds: float


class Result(TypedDict):
    """The session's `room` in bytes, and whether the path `is_free`. If not both suffice, nothing was created."""

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
        make_transfer_folder(upload)
        with open(os.path.join(upload, "partial"), "ab"):
            pass
    if os.path.exists(os.path.join(upload, "abandoned")):
        shutil.rmtree(upload, ignore_errors=True)
    return {"room": room, "is_free": is_free}


def _is_free(path: str) -> bool:
    """Whether a file can go there: it is not a folder, and nothing above it is a file."""
    if os.path.isdir(path):
        return False
    above = os.path.dirname(path)
    while not os.path.lexists(above):
        above = os.path.dirname(above)
    return os.path.isdir(above)


def _remove_old(transfers: str, before: float) -> None:
    """Removes each folder whose last change is before that time."""
    with contextlib.suppress(FileNotFoundError), os.scandir(transfers) as folders:
        for folder in folders:
            with contextlib.suppress(OSError):
                times = [folder.stat().st_mtime]
                with os.scandir(folder.path) as files:
                    times += [file.stat().st_mtime for file in files]
                if max(times) < before:
                    shutil.rmtree(folder.path, ignore_errors=True)
