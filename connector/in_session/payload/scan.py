"""The files in the data folder, and which of them a run has created or changed."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

from ..protocol import MAX_SCANNED_FILES, OUTPUTS_FOLDER, TRANSFERS_FOLDER
from .host import in_data, os_stat, scandir

_CLOCK_REALTIME_COARSE = 5
"""The clock that Linux takes file times from."""

_clock_gettime_ns = getattr(time, "clock_gettime_ns", None)
_time_ns = time.time_ns


class _LastScan:
    """What the last scan found, so that the next run need not scan before it starts."""

    def __init__(self) -> None:
        self.paths: set[str] = set()
        self.folders: dict[str, int] = {"": -1}
        """The modification time of each folder. While it is the same, no file was added or removed."""


_last_scan = _LastScan()


def all_files(folders: dict[str, int] | None = None) -> Iterator[tuple[str, Any]]:
    """Yields each file except the connector's own: its path relative to the data folder, and its directory entry.

    Stores the modification time of each folder in `folders`.
    """
    pending, scanned = [""], 0
    while pending and scanned < MAX_SCANNED_FILES:
        folder = pending.pop()
        try:
            if folders is not None:
                folders[folder] = os_stat(in_data(folder)).st_mtime_ns
            with scandir(in_data(folder)) as entries:
                for entry in entries:
                    scanned += 1
                    if not entry.is_dir(follow_symlinks=False):
                        yield folder + entry.name, entry
                    elif entry.name == "__pycache__":
                        continue  # Python writes it when it imports a module of the user's
                    elif folder or entry.name not in (OUTPUTS_FOLDER, TRANSFERS_FOLDER):
                        pending.append(folder + entry.name + "/")
        except OSError:
            pass


class Scan:
    """Finds what changes in the data folder from now on."""

    def __init__(self) -> None:
        self._before = _paths_now()
        self._since = _file_time()

    def changes(self, *, is_last: bool = True) -> list[dict[str, Any]]:
        """The files that were created or changed, sorted by path. `is_last` saves the next run its first scan."""
        changed: list[dict[str, Any]] = []
        paths: list[str] = []
        folders: dict[str, int] = {}
        for path, entry in all_files(folders):
            paths.append(path)
            is_new = path not in self._before
            try:
                status = entry.stat(follow_symlinks=False)
            except OSError:
                continue
            if (is_new or status.st_ctime_ns >= self._since) and entry.is_file(follow_symlinks=False):
                change = "Created" if is_new else "Changed"
                changed.append({"path": path, "size": status.st_size, "modified": status.st_mtime, "change": change})
        if is_last:
            _last_scan.paths, _last_scan.folders = set(paths), folders
        return sorted(changed, key=lambda file: str(file["path"]))


def _paths_now() -> set[str]:
    try:
        if all(os_stat(in_data(folder)).st_mtime_ns == time for folder, time in _last_scan.folders.items()):
            return _last_scan.paths
    except OSError:
        pass
    return {path for path, _ in all_files()}


def _file_time() -> int:
    """Now in nanoseconds, by the clock that file times are taken from."""
    try:
        return _clock_gettime_ns(_CLOCK_REALTIME_COARSE)  # type: ignore[misc, no-any-return]
    except Exception:
        return _time_ns() - 10_000_000
