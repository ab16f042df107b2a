"""A task: makes room for a file that comes in parts. It may be done twice, and later than it was asked for."""

from __future__ import annotations

import contextlib
import os
import shutil
import time
from typing import Any

DATA = "/mnt/data"


def perform(arguments: dict[str, Any]) -> dict[str, Any]:
    """`upload` is a folder in `transfers`, below the data folder; `size` of the file in bytes, which goes to `place`.

    Tells how many bytes there is `room` for, and whether the place `isFree` for a file; without either, nothing was
    made. Removes what nobody has touched for `lifetime` seconds, and this upload when the file `given-up` in its folder
    says that nobody waits for it.
    """
    transfers = os.path.join(DATA, arguments["transfers"])
    _remove_old(transfers, time.time() - arguments["lifetime"])
    told = os.statvfs(DATA)
    room = told.f_bavail * told.f_frsize
    is_free = _is_free(os.path.join(DATA, arguments["place"]))
    upload = os.path.join(transfers, arguments["upload"])
    if arguments["size"] <= room and is_free:
        os.makedirs(upload, exist_ok=True)
        for folder in (transfers, upload):
            with contextlib.suppress(OSError):
                os.chmod(folder, 0o777)  # the pool may write files as another user than this one
        with open(os.path.join(upload, "partial"), "ab"):
            pass
    if os.path.exists(os.path.join(upload, "given-up")):
        shutil.rmtree(upload, ignore_errors=True)
    return {"room": room, "isFree": is_free}


def _is_free(place: str) -> bool:
    """No folder stands there, and no file where its folders go."""
    if os.path.isdir(place):
        return False
    above = os.path.dirname(place)
    while not os.path.lexists(above):
        above = os.path.dirname(above)
    return os.path.isdir(above)


def _remove_old(transfers: str, before: float) -> None:
    """Each folder in which nothing has changed since then."""
    with contextlib.suppress(FileNotFoundError), os.scandir(transfers) as folders:
        for folder in folders:
            with contextlib.suppress(OSError):
                times = [folder.stat().st_mtime]
                with os.scandir(folder.path) as files:
                    times += [file.stat().st_mtime for file in files]
                if max(times) < before:
                    shutil.rmtree(folder.path, ignore_errors=True)
