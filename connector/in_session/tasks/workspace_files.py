"""Which files a workspace has. Sent with the tasks that import it; it is not a task itself."""

from __future__ import annotations

import hashlib
import itertools
import os
import stat
from collections.abc import Iterator, Sequence

from ..protocol import DATA

LATEST_TIME = 1 << 33
"""In seconds since 1970: the year 2242. File systems and Python refuse times of other sizes."""

LONGEST_PATH = 4000
"""In bytes."""

MOST_FOLDERS = 200
"""Above a file or a folder, below the data folder. Python's own functions for folders in folders go no deeper than
about a thousand.
"""

MOST_ENTRIES = 200_000
"""Of one workspace: files, folders and links."""


def entries(excluded: Sequence[str]) -> Iterator[tuple[str, os.stat_result]]:
    """The paths of all folders, files and symbolic links below the data folder, in an order that does not change.

    Paths are relative to it. Without the folders `excluded` in the data folder itself, without sockets, pipes and
    devices, and without what has too long a path, or is in too many folders.
    """
    yield from _entries("", set(excluded))


def _entries(folder: str, excluded: set[str]) -> Iterator[tuple[str, os.stat_result]]:
    try:
        names = sorted(os.listdir(os.path.join(DATA, folder)))
    except OSError:  # removed, or not readable
        return
    for name in names:
        if name in excluded:
            continue
        path = os.path.join(folder, name)
        if len(os.fsencode(path)) > LONGEST_PATH:
            continue
        try:
            status = os.lstat(os.path.join(DATA, path))
        except OSError:
            continue
        if stat.S_ISREG(status.st_mode) or stat.S_ISLNK(status.st_mode) or stat.S_ISDIR(status.st_mode):
            yield path, status
        if stat.S_ISDIR(status.st_mode) and path.count("/") < MOST_FOLDERS:
            yield from _entries(path, set())


def fingerprint(excluded: Sequence[str]) -> str:
    """Differs if files were added, removed or changed, as far as their sizes and times show it."""
    digest = hashlib.sha256()
    for path, status in entries(excluded):
        is_folder = stat.S_ISDIR(status.st_mode)
        shown = (status.st_mode, 0, 0) if is_folder else (status.st_mode, status.st_size, status.st_mtime_ns)
        digest.update(repr((path, shown)).encode("utf-8", "surrogateescape"))
    return digest.hexdigest()


def is_inside(folder: str, target: str) -> bool:
    """Whether a link in `folder`, relative to the data folder, to `target` stays in the data folder.

    The target may begin with `..`, but not have it after a name: that name could be a link itself, from where `..`
    leads elsewhere.
    """
    steps = [step for step in target.split("/") if step not in ("", ".")]
    if not target or ".." in itertools.dropwhile(lambda step: step == "..", steps):
        return False
    joined = os.path.normpath(os.path.join("/", DATA, folder, target))
    return joined == DATA or joined.startswith(DATA + "/")
