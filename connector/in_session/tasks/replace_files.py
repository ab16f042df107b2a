"""A task that moves a set of files from a staging folder to their paths: all of them, or none.

It may be performed twice, or late: it does nothing if the first of the files has been removed meanwhile.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from typing import TypedDict

from ..protocol import DATA


class Arguments(TypedDict):
    """`staging_folder` has a folder `new` with the files 0, 1 and so on, which go to `folder` under their `names`.
    Both are relative to the data folder.
    """

    staging_folder: str
    folder: str
    names: list[str]


class Result(TypedDict):
    """Whether all files are at their paths. If not, `taken` is the first name whose path is taken by a folder, or its
    folder's path by a file; it is None if files are missing from the staging folder.
    """

    is_complete: bool
    taken: str | None


def perform(arguments: Arguments) -> Result:
    staging = os.path.join(DATA, arguments["staging_folder"])
    new, old = os.path.join(staging, "new"), os.path.join(staging, "old")
    complete = os.path.join(staging, "complete")
    folder = os.path.join(DATA, arguments["folder"])
    names = arguments["names"]
    if os.path.exists(complete):
        return {"is_complete": True, "taken": None}
    if not all(os.path.isfile(os.path.join(new, str(number))) for number in range(len(names))):
        return {"is_complete": False, "taken": None}  # their sender has given up
    if taken := [name for name in names if os.path.isdir(os.path.join(folder, name))]:
        return {"is_complete": False, "taken": taken[0]}
    try:
        os.makedirs(folder, exist_ok=True)
    except (FileExistsError, NotADirectoryError):
        return {"is_complete": False, "taken": names[0]}
    os.makedirs(old, exist_ok=True)
    moves: list[tuple[str, str]] = []
    try:
        for number, name in enumerate(names):
            path = os.path.join(folder, name)
            # Moved, not linked: a link to a file of another user is not always allowed.
            if os.path.lexists(path):
                _move(path, os.path.join(old, str(number)), moves)
            _move(os.path.join(new, str(number)), path, moves)
        with open(complete, "wb"):  # remains until a later upload removes old folders
            pass
    except OSError:
        for source, target in reversed(moves):
            with contextlib.suppress(OSError):  # the others can still be moved back
                os.replace(target, source)
        raise
    for emptied in (new, old):
        shutil.rmtree(emptied, ignore_errors=True)
    return {"is_complete": True, "taken": None}


def _move(source: str, target: str, moves: list[tuple[str, str]]) -> None:
    os.replace(source, target)
    moves.append((source, target))
