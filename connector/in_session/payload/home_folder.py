"""Files that a run creates below the home folder, where no operation of the connector can reach them."""

from __future__ import annotations

import os

from ..protocol import DATA, MAX_FILES_IN_HOME
from .host import os_stat, scandir

_MAX_ENTRIES = 1000
_MAX_FOLDER_DEPTH = 4
_home = os.path.realpath(os.path.expanduser("~"))
_data = os.path.realpath(DATA)


class _LastSearch:
    """Which files existed. While the modification times of the folders are the same, no file was added."""

    def __init__(self) -> None:
        self.folders: dict[str, int] = {_home: -1}
        self.files: set[str] = set()


_last_search = _LastSearch()


def files_in_home() -> set[str]:
    """Absolute paths. It takes some microseconds if nothing has changed. Hidden files and folders are not searched."""
    try:
        if all(os_stat(folder).st_mtime_ns == time for folder, time in _last_search.folders.items()):
            return _last_search.files
    except OSError:
        pass
    files: set[str] = set()
    folders: dict[str, int] = {}
    pending, entries_left = [(_home, 0)], _MAX_ENTRIES if _is_searched(_home) else 0
    while pending and entries_left > 0:
        folder, depth = pending.pop()
        try:
            folders[folder] = os_stat(folder).st_mtime_ns
            with scandir(folder) as entries:
                for entry in entries:
                    entries_left -= 1
                    if entry.name.startswith(".") or entries_left <= 0:
                        continue
                    if entry.is_file(follow_symlinks=False):
                        files.add(entry.path)
                    elif depth < _MAX_FOLDER_DEPTH and entry.is_dir(follow_symlinks=False) and _is_searched(entry.path):
                        pending.append((entry.path, depth + 1))
        except OSError:
            pass
    _last_search.folders, _last_search.files = folders, files
    return files


def _is_searched(folder: str) -> bool:
    return folder not in (_data, os.sep)


def created_in_home(before: set[str]) -> list[str]:
    """At most `MAX_FILES_IN_HOME` of the files that exist now, but not before."""
    now = files_in_home()
    return [] if now is before else sorted(now - before)[:MAX_FILES_IN_HOME]
