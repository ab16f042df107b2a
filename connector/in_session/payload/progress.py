"""The progress file of a deferred run: a report of what it has made so far, for whoever polls."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from typing import Any

from ..protocol import PROGRESS
from .host import encode, join, monotonic, remove_files, write_file
from .scan import Scan

_INTERVAL_SECONDS = 0.02
"""Short: if the interpreter is killed, what has been written since the last time is lost."""

_EARLY_WRITES = 30
"""The first changes are written at once."""

_EARLY_SECONDS = 0.2
"""How long an early write waits for another to end."""

_QUICK_SECONDS = 0.005
"""Of processor time, for a scan that may be repeated with each write."""

_SCAN_INTERVAL_SECONDS = 0.5
_COST_SHARE = 20
"""Writing progress takes at most 1 / `_COST_SHARE` of a run's time."""

_replace, _thread_time = os.replace, time.thread_time


class Progress:
    """Writes the file when something has changed, but not too often. Safe to use from several threads.

    `report` makes the report, given the files that the run has created or changed.
    """

    def __init__(self, folder: str, scan: Scan, report: Callable[[list[dict[str, Any]]], dict[str, Any]]) -> None:
        self._folder, self._scan, self._report = folder, scan, report
        self._lock = threading.RLock()  # a signal handler may interrupt its owner
        self._has_changed = self._is_finished = False
        self._early_writes_left = _EARLY_WRITES
        self._written_at, self._write_seconds = 0.0, 0.0
        self._scanned_at, self._scan_seconds = 0.0, 0.0
        self._is_quick = False
        self._files: list[dict[str, Any]] = []

    def note_change(self) -> None:
        self._has_changed = True
        self.write()

    def write(self) -> None:
        now = monotonic()
        is_early = self._early_writes_left > 0 and self._has_changed
        if is_early:
            self._early_writes_left -= 1
        elif now < self._written_at + max(_INTERVAL_SECONDS, _COST_SHARE * self._write_seconds):
            return
        if self._is_finished or not self._lock.acquire(timeout=_EARLY_SECONDS if is_early else 0):
            return
        try:
            if now >= self._scanned_at + max(_SCAN_INTERVAL_SECONDS, _COST_SHARE * self._scan_seconds):
                cpu = _thread_time()
                files = self._scan.changes(is_last=False)
                self._has_changed = self._has_changed or files != self._files
                self._files = files
                self._scanned_at, self._scan_seconds = now, monotonic() - now
                self._is_quick = _thread_time() - cpu < _QUICK_SECONDS
            if not self._has_changed:
                return
            self._has_changed = False
            path, started = join(self._folder, PROGRESS), monotonic()
            report = self._report(self._files)
            if self._is_quick:  # a file may have been written just before the last text
                files = self._scan.changes(is_last=False)
                if files != self._files:
                    self._files = files
                    report = self._report(files)
            text = encode(report)
            try:
                write_file(path + ".new", text.encode())
                _replace(path + ".new", path)
            except OSError:
                remove_files(self._folder, PROGRESS + ".new")  # the disk is full
            self._written_at, self._write_seconds = monotonic(), monotonic() - started
        except Exception:
            pass  # the final report has everything
        finally:
            self._lock.release()

    def finish(self) -> None:
        """Returns when nothing is being written, and nothing will be."""
        self._is_finished = True
        with self._lock:
            pass
