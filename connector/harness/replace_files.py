"""A task: puts files that are complete in the place of others, all of them or none. It may be done twice."""

from __future__ import annotations

import os
import shutil
from typing import Any

DATA = "/mnt/data"


def perform(arguments: dict[str, Any]) -> dict[str, Any]:
    """`aside` has the folder `new` with files called 0, 1 and so on, which go to `folder` under `names`.

    Both are below the data folder.
    """
    aside = os.path.join(DATA, arguments["aside"])
    new, old = os.path.join(aside, "new"), os.path.join(aside, "old")
    folder = os.path.join(DATA, arguments["folder"])
    names = arguments["names"]
    if not all(os.path.isfile(os.path.join(new, str(number))) for number in range(len(names))):
        return {"areInPlace": False}  # whoever sent them has given up
    if any(os.path.isdir(os.path.join(folder, name)) for name in names):
        return {"areInPlace": False}
    for made in (old, folder):
        os.makedirs(made, exist_ok=True)
    moved = []
    try:
        for number, name in enumerate(names):
            place, kept = os.path.join(folder, name), os.path.join(old, str(number))
            # Moved, not linked: a link to a file of another user is not always allowed.
            if os.path.lexists(place):
                moved.append((kept, place))
                os.replace(place, kept)
            os.replace(os.path.join(new, str(number)), place)
    except OSError:
        for kept, place in moved:
            if os.path.lexists(kept):
                os.replace(kept, place)
        raise
    shutil.rmtree(aside, ignore_errors=True)
    return {"areInPlace": True}
