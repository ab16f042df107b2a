"""The watcher of a deferred run: a separate process, from the start of the run to its end.

Its arguments are the interpreter's process ID, the execution ID and the run's timeout in seconds. It keeps the
heartbeat, interrupts the interpreter when the run is canceled or times out, after writing the reason to stdout, and
kills it after a grace period. If the interpreter ends before the run has reported, the watcher completes the record
with what the run had produced. When the run ends, the interpreter kills the watcher.

It needs only Python 3.8 and the standard library. `protocol.py` is prepended to its source.
"""

from __future__ import annotations

import json
import os
import signal
import stat
import sys
import time
from typing import Any

from .protocol import (
    CANCEL,
    DATA,
    HEARTBEAT_SECONDS,
    MAX_FILES,
    MAX_SCANNED_FILES,
    OUTPUTS_FOLDER,
    PROGRESS,
    RECORD,
    RUNNING,
    TRANSFERS_FOLDER,
    empty_report,
)

_TICK_SECONDS = 0.1
_GRACE_SECONDS = 2.0
_REPEAT_INTERRUPT_SECONDS = 0.3
"""Between interrupts. Code that waits for another program may miss one."""

_TICKS_WITHOUT_MARKER = 3
"""How long the marker must be missing, while the record exists, to cancel the run. Code that is deleting the whole
folder must not cancel its own run."""


_CLOCK_STEP_SECONDS = 0.02
"""The times of files are behind the clock by up to this."""

_HAS_PROC = os.path.exists("/proc/self/stat")


class Watcher:
    def __init__(self, interpreter: int, execution_id: str, seconds: float) -> None:
        self._interpreter = interpreter
        self._execution_id = execution_id
        self._root = os.path.join(DATA, OUTPUTS_FOLDER)
        self._folder = os.path.join(self._root, execution_id)
        self._started = self._beat_at = time.monotonic()
        self._deadline = self._started + seconds
        self._reason: str | None = None
        self._first_interrupt_at = self._last_interrupt_at = 0.0
        self._ticks_without_marker = 0
        self._interpreter_start = _start_time(interpreter)
        self._own_start = _start_time(os.getpid())

    def watch(self) -> None:
        while self._is_alive():
            now = time.monotonic()
            if now >= self._beat_at + HEARTBEAT_SECONDS:
                self._beat_at = now
                for folder in (self._folder, self._root):
                    _touch(os.path.join(folder, RUNNING))
            if self._reason is None:
                self._reason = self._reason_to_stop(now)
                if self._reason is not None:
                    self._first_interrupt_at = self._last_interrupt_at = now
                    os.write(1, self._reason.encode())
                    self._signal(signal.SIGINT, with_programs=True)
            elif now >= self._first_interrupt_at + _GRACE_SECONDS:
                self._signal(signal.SIGKILL, with_programs=True)
            elif now >= self._last_interrupt_at + _REPEAT_INTERRUPT_SECONDS:
                self._last_interrupt_at = now
                self._signal(signal.SIGINT)
            time.sleep(_TICK_SECONDS)
        self._complete_record()

    def _is_alive(self) -> bool:
        try:
            os.kill(self._interpreter, 0)
        except ProcessLookupError:
            return False
        except OSError:
            pass
        if not _HAS_PROC:
            return True
        return self._interpreter_start != 0 and _start_time(self._interpreter) == self._interpreter_start

    def _reason_to_stop(self, now: float) -> str | None:
        if os.path.exists(os.path.join(self._folder, CANCEL)):
            return "canceled"
        is_deleted = os.path.exists(os.path.join(self._folder, RECORD)) and not os.path.exists(
            os.path.join(self._folder, RUNNING)
        )
        self._ticks_without_marker = self._ticks_without_marker + 1 if is_deleted else 0
        if self._ticks_without_marker >= _TICKS_WITHOUT_MARKER:
            return "canceled"
        return "timeout" if now >= self._deadline else None

    def _signal(self, number: int, *, with_programs: bool = False) -> None:
        """Signals the interpreter, and `with_programs` also the programs that the run has started. The interpreter
        comes first: it would otherwise run its next statement as soon as a program ends.
        """
        programs = _descendants(self._interpreter, self._own_start) if with_programs else []
        for process in (self._interpreter, *programs):
            if process != os.getpid():
                try:
                    os.kill(process, number)
                except OSError:
                    pass

    def _complete_record(self) -> None:
        """Reports in place of an interpreter that has ended before it could."""
        report = empty_report()
        try:
            with open(os.path.join(self._folder, PROGRESS), "rb") as file:
                report.update(json.load(file))
        except (OSError, ValueError):
            pass
        report["milliseconds"] = round((time.monotonic() - self._started) * 1000)
        report.update(status="error", endedBy=self._reason or "died", interpreterEnded=True)
        record = os.path.join(self._folder, RECORD)
        try:
            with open(record, "r+b") as file:
                claim = file.readline()
                self._add_files(report, claim)
                ending = file.read()
                if not ending.endswith(b"\n"):  # missing, or written in part
                    file.seek(len(claim))
                    file.truncate()
                    try:
                        file.write(json.dumps(report).encode() + b"\n")
                        file.flush()
                    except OSError:  # the disk is full
                        file.seek(len(claim))
                        file.truncate()
                        os.unlink(os.path.join(self._folder, PROGRESS))
                        report.update(stdout="", stderr="", outputs=[], omitted={"stdout": 1, "outputs": 1})
                        file.write(json.dumps(report).encode() + b"\n")
        except OSError:
            pass  # code has deleted it
        for name in (PROGRESS, PROGRESS + ".new", CANCEL, RUNNING):
            _unlink(os.path.join(self._folder, name))
        marker = os.path.join(self._root, RUNNING)
        try:
            with open(marker, "rb") as file:
                content = file.read()
            if not content or json.loads(content).get("executionId") == self._execution_id:
                _unlink(marker)
        except (OSError, ValueError, AttributeError):
            pass

    def _add_files(self, report: dict[str, Any], claim: bytes) -> None:
        """Those that the run has written since its last progress. Whether they are new is unknown."""
        try:
            started = json.loads(claim)["started"] - _CLOCK_STEP_SECONDS
            known = {file["path"] for file in report["files"]}
        except (ValueError, KeyError, TypeError):
            return
        scanned = 0
        for folder, folders, names in os.walk(DATA):
            if folder == DATA:
                folders[:] = [name for name in folders if name not in (OUTPUTS_FOLDER, TRANSFERS_FOLDER)]
            for name in names:
                scanned += 1
                path = os.path.join(folder, name)
                relative = os.path.relpath(path, DATA)
                try:
                    status = os.lstat(path)
                except OSError:
                    continue
                if status.st_ctime >= started and stat.S_ISREG(status.st_mode) and relative not in known:
                    file = {"path": relative, "size": status.st_size, "modified": status.st_mtime, "change": None}
                    report["files"].append(file)
            if scanned >= MAX_SCANNED_FILES or len(report["files"]) >= MAX_FILES:
                break
        report["files"] = sorted(report["files"], key=lambda file: str(file["path"]))[:MAX_FILES]


def _unlink(path: str) -> None:
    try:
        os.unlink(path)
    except OSError:
        pass


def _touch(path: str) -> None:
    try:
        os.utime(path)
    except OSError:
        pass


def _stat_fields(process: int) -> list[bytes]:
    """The fields of /proc/PID/stat from the state on. Empty for a process that has ended, or without /proc."""
    try:
        with open(f"/proc/{process}/stat", "rb") as file:
            fields = file.read().rpartition(b")")[2].split()
    except OSError:
        return []
    return [] if fields[0] in (b"Z", b"X") else fields


def _start_time(process: int) -> int:
    """In clock ticks since boot, or 0 if it is unknown."""
    fields = _stat_fields(process)
    return int(fields[19]) if fields else 0


def _descendants(process: int, since: int) -> list[int]:
    """The descendants of the process that were started at `since` or later."""
    children: dict[int, list[int]] = {}
    try:
        processes = [int(name) for name in os.listdir("/proc") if name.isdigit()]
    except OSError:
        return []
    for other in processes:
        fields = _stat_fields(other)
        if fields and int(fields[19]) >= since:
            children.setdefault(int(fields[1]), []).append(other)
    descendants: list[int] = []
    pending = [process]
    while pending:
        direct = children.get(pending.pop(), [])
        descendants += direct
        pending += direct
    return descendants


if __name__ == "__main__":
    for _number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(_number, signal.SIG_IGN)
    Watcher(int(sys.argv[1]), sys.argv[2], float(sys.argv[3])).watch()
