"""A task: puts files that are complete in the place of others, all of them or none. It may be done twice."""

from __future__ import annotations

import contextlib
import os
import shutil
from typing import Any

DATA = "/mnt/data"


def perform(arguments: dict[str, Any]) -> dict[str, Any]:
    """`aside` has the folder `new` with files called 0, 1 and so on, which go to `folder` under `names`.

    Both are below the data folder. Tells whether all `areInPlace`, and else the first name whose place is `taken`: a
    folder stands there, or a file where its folder goes.
    """
    aside = os.path.join(DATA, arguments["aside"])
    new, old = os.path.join(aside, "new"), os.path.join(aside, "old")
    complete = os.path.join(aside, "complete")
    folder = os.path.join(DATA, arguments["folder"])
    names = arguments["names"]
    if os.path.exists(complete):
        return {"areInPlace": True}
    if not all(os.path.isfile(os.path.join(new, str(number))) for number in range(len(names))):
        return {"areInPlace": False}  # whoever sent them has given up
    if taken := [name for name in names if os.path.isdir(os.path.join(folder, name))]:
        return {"areInPlace": False, "taken": taken[0]}
    try:
        os.makedirs(folder, exist_ok=True)
    except (FileExistsError, NotADirectoryError):
        return {"areInPlace": False, "taken": names[0]}
    os.makedirs(old, exist_ok=True)
    moves: list[tuple[str, str]] = []
    try:
        for number, name in enumerate(names):
            place = os.path.join(folder, name)
            # Moved, not linked: a link to a file of another user is not always allowed.
            if os.path.lexists(place):
                _move(place, os.path.join(old, str(number)), moves)
            _move(os.path.join(new, str(number)), place, moves)
        with open(complete, "wb"):  # stays, until a later upload removes what is old
            pass
    except OSError:
        for source, target in reversed(moves):
            with contextlib.suppress(OSError):  # the others can still go back
                os.replace(target, source)
        raise
    for emptied in (new, old):
        shutil.rmtree(emptied, ignore_errors=True)
    return {"areInPlace": True}


def _move(source: str, target: str, moves: list[tuple[str, str]]) -> None:
    os.replace(source, target)
    moves.append((source, target))
