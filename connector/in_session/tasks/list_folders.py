"""A task that lists folders which the pool does not list, to a file. It may be performed twice, or late: the file is
then kept for a while.
"""

from __future__ import annotations

import contextlib
import json
import os
from typing import Any, TypedDict

from ..protocol import DATA
from .listed_paths import real_path, shown_name
from .transfer_folders import make_transfer_folder


class Arguments(TypedDict):
    """The files in `folders`, with `recursive` also those below, are written to the file `name` in `ranges_folder`, as
    JSON: for each its path, size in bytes, and modification time in seconds. Paths are relative to the data folder.
    """

    folders: list[str]
    recursive: bool
    ranges_folder: str
    name: str


class Result(TypedDict):
    files: int


def perform(arguments: Arguments) -> Result:
    listed: list[list[Any]] = []
    pending = [real_path(folder) for folder in arguments["folders"]]
    while pending:
        folder = pending.pop()
        with contextlib.suppress(OSError), os.scandir(folder) as entries:
            for entry in entries:
                path = os.path.join(folder, entry.name)  # that of the entry may be elsewhere, where this is redirected
                if entry.is_dir(follow_symlinks=False):
                    if arguments["recursive"]:
                        pending.append(path)
                elif entry.is_file(follow_symlinks=False):
                    with contextlib.suppress(OSError):
                        status = entry.stat(follow_symlinks=False)
                        shown = shown_name(path[len(DATA) + 1 :].replace(os.sep, "/"))
                        listed.append([shown, status.st_size, status.st_mtime])
    ranges = os.path.join(DATA, arguments["ranges_folder"])
    make_transfer_folder(ranges)
    target = os.path.join(ranges, arguments["name"])
    with open(target + "-new", "w", encoding="ascii") as file:
        json.dump(listed, file)
    os.replace(target + "-new", target)
    return {"files": len(listed)}
