"""The execution record: a file that is claimed before a run begins and completed when it has ended.

The claim is exclusive, so no execution runs twice, even if it is requested again.
"""

from __future__ import annotations

import collections
import contextlib
import os
import shutil
from typing import Any

from ..protocol import CANCEL, KEPT_BYTES, KEPT_EXECUTIONS, OUTPUTS_FOLDER, RECORD, REQUEST
from .host import (
    decode,
    encode,
    exists,
    in_data,
    join,
    listdir,
    makedirs,
    open_file,
    os_close,
    os_open,
    os_stat,
    os_write,
    remove_files,
    unlink,
    wall_clock,
    write_all,
)
from .memory import memory_limit

_NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_CLOEXEC", 0)
_remove_tree, _file_status, _truncate, _seek = shutil.rmtree, os.fstat, os.ftruncate, os.lseek

_memory_limit = memory_limit()
_kept: collections.deque[tuple[str, int]] = collections.deque()
"""The folders of ended executions and their sizes in bytes, the oldest first."""


class Record:
    """Claims the execution's record. `is_ours` is False when another run has claimed it."""

    def __init__(self, request: dict[str, Any]) -> None:
        self.folder = in_data(OUTPUTS_FOLDER, request["executionId"])
        self.is_ours = True
        self._file = -1
        claim = {"code": request["hash"], "started": wall_clock(), "memoryLimit": _memory_limit}
        if "deferredSeconds" in request:
            claim["timeoutInSeconds"] = request["deferredSeconds"]
        path = join(self.folder, RECORD)
        try:
            makedirs(self.folder, exist_ok=True)
        except Exception:
            return  # the disk is full, or a file is in the way: a run in one call does not need its record
        try:
            self._file = os_open(path, _NEW_FILE, 0o666)
            os_write(self._file, (encode(claim) + "\n").encode())
        except FileExistsError:
            self.is_ours = False
        except Exception:  # the disk is full; an incomplete claim must not be taken for a complete one
            if self._file >= 0:
                os_close(self._file)
                self._file = -1
                with contextlib.suppress(OSError):
                    unlink(path)
        remove_files(self.folder, REQUEST)

    @property
    def is_kept(self) -> bool:
        """False if there is no file for it, such as on a full disk."""
        return self._file >= 0

    @property
    def is_canceled(self) -> bool:
        return exists(join(self.folder, CANCEL))

    def write(self, text: str) -> bool:
        """Appends the report, completely or not at all. Returns False if the disk has no room for it."""
        if self._file < 0:
            return False
        size = _file_status(self._file).st_size
        try:
            write_all(self._file, (text + "\n").encode())
        except OSError:
            with contextlib.suppress(OSError):
                _truncate(self._file, size)
                _seek(self._file, size, os.SEEK_SET)
            return False
        return True

    def close(self, size: int) -> None:
        """`size` is how many bytes the execution leaves in its folder. Beyond the limits, removes the oldest ones."""
        if self._file < 0:
            return
        os_close(self._file)
        self._file = -1
        _kept.append((self.folder, size))
        _remove_oldest()


def _remove_oldest() -> None:
    while len(_kept) > 1 and (len(_kept) > KEPT_EXECUTIONS or sum(size for _, size in _kept) > KEPT_BYTES):
        _remove_tree(_kept.popleft()[0], ignore_errors=True)


def adopt_records() -> None:
    """Counts the executions of earlier kernels of the session, and marks runs as lost that ended with their kernel.

    The record of a deferred run is completed by its watcher.
    """
    found: list[tuple[float, str, int]] = []
    try:
        names = listdir(in_data(OUTPUTS_FOLDER))
    except OSError:
        return
    for name in names:
        folder = in_data(OUTPUTS_FOLDER, name)
        record = join(folder, RECORD)
        try:
            with open_file(record, "rb") as claimed:
                lines = claimed.read().splitlines()
            if len(lines) == 1 and "timeoutInSeconds" not in decode(lines[0].decode()):
                with open_file(record, "ab") as completed:
                    completed.write(b'{"lost": true}\n')
            size = sum(os_stat(join(folder, file)).st_size for file in listdir(folder))
            found.append((os_stat(record).st_mtime, folder, size))
        except (OSError, ValueError, TypeError):
            continue
    _kept.extend((folder, size) for _, folder, size in sorted(found))
