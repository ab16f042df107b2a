"""The watcher of a deferred run: a process beside the session's interpreter, from the start of the run to its end.

Called with the interpreter's process ID, the execution ID and the seconds that the run may take. It keeps the
heartbeat, interrupts the interpreter when the run is canceled or its time is up, writing the reason to stdout, and kills
it after a grace period. When the interpreter ends before the run, it completes the record with what the run had
produced. When the run ends, the interpreter kills the watcher.

Runs on Python 3.8 with the standard library alone; `protocol.py` stands before it in one text.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time

from .protocol import CANCEL, DATA, HEARTBEAT_SECONDS, OUTPUTS_FOLDER, PROGRESS, RECORD, RUNNING, empty_report

_TICK_SECONDS = 0.1
_GRACE_SECONDS = 2.0
_INTERRUPT_AGAIN_SECONDS = 0.3
"""A program that waits for another may miss an interrupt."""

_TICKS_WITHOUT_MARKER = 3
"""After which the deletion of the marker is a request to cancel. Code may delete the whole folder, which is none."""


_HAS_PROC = os.path.exists("/proc/self/stat")


class Watcher:
    def __init__(self, interpreter: int, execution_id: str, seconds: float) -> None:
        self._interpreter = interpreter
        self._execution_id = execution_id
        self._root = os.path.join(DATA, OUTPUTS_FOLDER)
        self._folder = os.path.join(self._root, execution_id)
        self._deadline = time.monotonic() + seconds
        self._beat_at = time.monotonic()
        self._reason: str | None = None
        self._asked_at = self._interrupted_at = 0.0
        self._ticks_without_marker = 0
        self._identity = _started(interpreter)
        self._since = _started(os.getpid())

    def watch(self) -> None:
        while self._is_alive():
            now = time.monotonic()
            if now >= self._beat_at + HEARTBEAT_SECONDS:
                self._beat_at = now
                for folder in (self._folder, self._root):
                    _touch(os.path.join(folder, RUNNING))
            if self._reason is None:
                self._reason = self._reason_to_end(now)
                if self._reason is not None:
                    self._asked_at = self._interrupted_at = now
                    os.write(1, self._reason.encode())
                    self._signal(signal.SIGINT, with_programs=True)
            elif now >= self._asked_at + _GRACE_SECONDS:
                self._signal(signal.SIGKILL, with_programs=True)
            elif now >= self._interrupted_at + _INTERRUPT_AGAIN_SECONDS:
                self._interrupted_at = now
                self._signal(signal.SIGINT)
            time.sleep(_TICK_SECONDS)
        self._complete()

    def _is_alive(self) -> bool:
        try:
            os.kill(self._interpreter, 0)
        except ProcessLookupError:
            return False
        except OSError:
            pass
        if not _HAS_PROC:
            return True
        return self._identity != 0 and _started(self._interpreter) == self._identity

    def _reason_to_end(self, now: float) -> str | None:
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
        """`with_programs`: also to the programs that the run has started. The interpreter comes first, so that it does
        not go on to its next statement when a program ends.
        """
        programs = _descendants(self._interpreter, self._since) if with_programs else []
        for process in (self._interpreter, *programs):
            if process != os.getpid():
                try:
                    os.kill(process, number)
                except OSError:
                    pass

    def _complete(self) -> None:
        """The interpreter has ended before it could report."""
        report = empty_report()
        try:
            with open(os.path.join(self._folder, PROGRESS), "rb") as file:
                report.update(json.load(file))
        except (OSError, ValueError):
            pass
        report.update(status="error", endedBy=self._reason or "died", interpreterEnded=True)
        record = os.path.join(self._folder, RECORD)
        try:
            with open(record, "r+b") as file:
                claim = file.readline()
                ending = file.read()
                if not ending.endswith(b"\n"):  # the interpreter has begun to write it
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


def _status(process: int) -> list[bytes]:
    """The fields of /proc/PID/stat from the state on; none for a process that has ended, or without /proc."""
    try:
        with open(f"/proc/{process}/stat", "rb") as file:
            fields = file.read().rpartition(b")")[2].split()
    except OSError:
        return []
    return [] if fields[0] in (b"Z", b"X") else fields


def _started(process: int) -> int:
    """When it was started, in clock ticks since the machine was; 0 when that is unknown."""
    fields = _status(process)
    return int(fields[19]) if fields else 0


def _descendants(process: int, since: int) -> list[int]:
    """Those that were started at `since` or later."""
    children: dict[int, list[int]] = {}
    try:
        processes = [int(name) for name in os.listdir("/proc") if name.isdigit()]
    except OSError:
        return []
    for other in processes:
        fields = _status(other)
        if fields and int(fields[19]) >= since:
            children.setdefault(int(fields[1]), []).append(other)
    found: list[int] = []
    waiting = [process]
    while waiting:
        below = children.get(waiting.pop(), [])
        found += below
        waiting += below
    return found


if __name__ == "__main__":
    for _number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(_number, signal.SIG_IGN)
    Watcher(int(sys.argv[1]), sys.argv[2], float(sys.argv[3])).watch()
