"""A task: copies a part of a file to a file of its own. It may be done twice, and later than it was asked for."""

from __future__ import annotations

import contextlib
import os
import time
from typing import Any

DATA = "/mnt/data"
PIECE = 1 << 20


def perform(arguments: dict[str, Any]) -> dict[str, Any]:
    """`file` and `cuts`, a folder, are below the data folder; the bytes from `first` to `last` go there as `name`.

    Tells how many bytes the file has. When these are not `size`, nothing was made. Removes what nobody has fetched for
    `lifetime` seconds.
    """
    cuts = os.path.join(DATA, arguments["cuts"])
    os.makedirs(cuts, exist_ok=True)
    for folder in (os.path.dirname(cuts), cuts):
        with contextlib.suppress(OSError):
            os.chmod(folder, 0o777)  # the pool may remove files as another user than this one
    _remove_old(cuts, time.time() - arguments["lifetime"])
    place = os.path.join(cuts, arguments["name"])
    with open(os.path.join(DATA, arguments["file"]), "rb") as source:
        size = os.fstat(source.fileno()).st_size
        if size == arguments["size"] and not os.path.exists(place):
            _copy(source, place, arguments["first"], arguments["last"])
    return {"size": size}


def _copy(source: Any, place: str, first: int, last: int) -> None:
    """The file is there once it is complete."""
    written = place + "-new"
    source.seek(first)
    left = last + 1 - first
    try:
        with open(written, "wb") as target:
            while left > 0:
                piece = source.read(min(PIECE, left))
                if not piece:
                    raise OSError("the file became shorter while it was read")
                target.write(piece)
                left -= len(piece)
        os.replace(written, place)
    except OSError:
        with contextlib.suppress(OSError):
            os.unlink(written)
        raise


def _remove_old(folder: str, before: float) -> None:
    with os.scandir(folder) as files:
        for file in files:
            with contextlib.suppress(OSError):
                if file.stat().st_mtime < before:
                    os.unlink(file.path)
