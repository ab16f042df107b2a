"""Deferred runs: code that runs in the session's own interpreter after the cell that asked for it was answered.

The cell schedules the run on the kernel's event loop, behind its own reply. Nothing depends on a connection that stays
open, and the pool's limit for a call does not apply. A watcher, a process of its own, keeps the heartbeat and asks for
the end when the run is canceled or its time is up; interrupts from anyone else are ignored. While code that awaits
gives way to the loop, other cells wait for their turn.
"""

from __future__ import annotations

import asyncio
import codecs
import contextlib
import os
import select
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any

from ..protocol import CANCEL, OUTPUTS_FOLDER, PROGRESS, RUNNING, empty_report
from .host import (
    WATCHER_SOURCE,
    awaited,
    encode,
    getpid,
    in_data,
    join,
    kernel,
    listdir,
    monotonic,
    original_do_execute,
    os_close,
    os_write,
    remove_files,
    shell,
    state,
    write_file,
)
from .outputs import OutputFiles
from .queue import oldest_request
from .record import Record
from .recorder import Recorder, call_after_reply, everything_recorded
from .reports import IN_RECORD, INTERRUPTED, flush_streams, put_ending, report_so_far
from .scan import Scan

_PROGRESS_SECONDS = 0.5
_PROGRESS_SHARE = 20
"""Writing progress takes at most one part in this many of a run's time."""

_LONGEST_DELAY_SECONDS = 1.0
"""Until a run begins in a kernel that does not send its reply by its session."""

_MAX_CHARACTERS_WITHOUT_ROOM = 2000
"""Of each text in a report when the disk is full."""

_executable, _Popen, _timeout_expired = sys.executable, subprocess.Popen, subprocess.TimeoutExpired
_read_descriptor, _pipe, _dup, _dup2, _replace = os.read, os.pipe, os.dup, os.dup2, os.replace
_set_blocking, _exit = getattr(os, "set_blocking", None), os._exit
_get_handler, _set_handler = signal.getsignal, signal.signal
_main_thread, _current_thread = threading.main_thread, threading.current_thread


def defer(asked: dict[str, Any], is_new_session: bool) -> dict[str, Any]:
    """Schedules the run behind the reply to the current request. Returns what the cell is to report: that the record
    has it, or the report of a run that does not take place.
    """
    record = Record(asked)
    if not record.is_ours:
        return IN_RECORD
    run, report = _prepare(asked, record, is_new_session)
    if run is None:
        return report
    loop = asyncio.get_running_loop()
    call_after_reply(lambda: loop.call_soon(run.begin))
    loop.call_later(_LONGEST_DELAY_SECONDS, run.begin)
    return IN_RECORD


def start_next() -> None:
    """Starts the execution that has waited longest, if there is one."""
    while state["background"] is None:
        asked = oldest_request()
        if asked is None:
            return
        record = Record(asked)
        if record.is_ours:
            run, _ = _prepare(asked, record, False)
            if run is not None:
                asyncio.get_running_loop().call_soon(run.begin)
            elif not record.is_kept:
                return  # the disk is full


def _prepare(asked: dict[str, Any], record: Record, is_new_session: bool) -> tuple[DeferredRun | None, dict[str, Any]]:
    report = empty_report(shell.execution_count - 1, is_new_session)
    if record.is_canceled:
        report["endedBy"] = "canceled"
    elif not record.is_kept:
        report["error"] = _not_started("The session's disk is full, and the result could not be kept.")
    else:
        try:
            run = state["background"] = DeferredRun(asked, record, is_new_session)
            return run, report
        except Exception as failure:
            report["error"] = _not_started(f"{type(failure).__name__}: {failure}")
    record.write(encode(report))
    record.close(0)
    return None, report


def _not_started(reason: str) -> dict[str, Any]:
    return {
        "name": "NotStarted",
        "message": "The run was not started. " + reason,
        "traceback": "",
        "hint": "Delete files or end the session, and run the code again.",
    }


class DeferredRun:
    """One run, from its claim to its report. Raises OSError where no watcher can be started."""

    def __init__(self, asked: dict[str, Any], record: Record, is_new_session: bool) -> None:
        self._code: str = asked["code"]
        self._record = record
        self._is_new_session = is_new_session
        self._recorder = Recorder(self._on_news)
        self._outputs = OutputFiles(record.folder)
        self._scan: Scan | None = None
        self._process = getpid()
        self._has_begun = self._has_ended = False
        self._ended_by: str | None = None
        self._was_interrupted = False
        self._handler: Any = None  # of interrupts, while the code runs
        self._over = asyncio.get_running_loop().create_future()
        self._task: asyncio.Task[None] | None = None
        self._progress = threading.Lock()
        self._has_news = False
        self._written_at, self._write_seconds = 0.0, 0.0
        self._scanned_at, self._scan_seconds = 0.0, 0.0
        self._files: list[dict[str, Any]] = []
        _write_marker(in_data(OUTPUTS_FOLDER, RUNNING), encode({"executionId": asked["executionId"]}).encode())
        _write_marker(join(record.folder, RUNNING), b"")
        try:
            self._watcher = _Watcher(asked["executionId"], asked["deferredSeconds"])
        except BaseException:
            self._remove_markers()
            raise
        self._started = monotonic()

    def begin(self) -> None:
        if not self._has_begun:
            self._has_begun = True
            self._task = asyncio.get_running_loop().create_task(self._run())

    async def over(self) -> None:
        """Returns when the run has ended. The kernel gives each cell its own handler of interrupts, also to one that
        waits here; the run's is put back.
        """
        if self._handler is not None and _current_thread() is _main_thread():
            _set_handler(signal.SIGINT, self._handler)
        await asyncio.shield(self._over)

    async def _run(self) -> None:
        reply: dict[str, Any] = INTERRUPTED
        shell.last_execution_result = None
        self._scan = Scan()
        with self._interrupts_filtered():
            with everything_recorded(self._recorder):
                companion = _Companion(self._recorder, self.write_progress)
                try:
                    reply = await awaited(original_do_execute(self._code, False, True, None, False))
                except (KeyboardInterrupt, asyncio.CancelledError):
                    pass
                finally:
                    self._has_ended = True
                    flush_streams()
                    if getpid() != self._process:
                        _exit(0)  # the code has forked, and this is the child
                    companion.stop()
            self._complete(reply)

    @contextlib.contextmanager
    def _interrupts_filtered(self) -> Iterator[None]:
        """Only the watcher's interrupts reach the code, and none the report of it."""
        if _current_thread() is not _main_thread():
            yield
            return
        self._handler = self._on_interrupt
        previous = _set_handler(signal.SIGINT, self._handler)
        cancel_on_interrupt = getattr(kernel, "_cancel_on_sigint", None)
        if cancel_on_interrupt is not None:
            kernel._cancel_on_sigint = self._filtered(cancel_on_interrupt)
        try:
            yield
        finally:
            self._handler = None
            if cancel_on_interrupt is not None:
                del kernel._cancel_on_sigint
            _set_handler(signal.SIGINT, previous)

    def _filtered(self, cancel_on_interrupt: Callable[[Any], Any]) -> Callable[[Any], Any]:
        """ipykernel lets an interrupt cancel code that awaits, by a handler of its own."""

        @contextlib.contextmanager
        def cancel_on_stop(future: Any) -> Iterator[None]:
            with cancel_on_interrupt(future):
                cancel: Any = _get_handler(signal.SIGINT)
                self._handler = lambda number, frame: self._is_to_stop() and cancel(number, frame)
                _set_handler(signal.SIGINT, self._handler)
                yield

        return cancel_on_stop

    def _on_interrupt(self, number: int, frame: Any) -> None:
        if self._is_to_stop():
            raise KeyboardInterrupt

    def _is_to_stop(self) -> bool:
        """True once, for the watcher's interrupt. It repeats it, because a program that waits may miss one."""
        if self._has_ended or self._was_interrupted:
            return False
        self._ended_by = self._ended_by or self._watcher.reason()
        self._was_interrupted = self._ended_by is not None
        return self._was_interrupted

    def _on_news(self) -> None:
        """Called on each message of the run, in its own thread."""
        self._has_news = True
        self.write_progress()

    def write_progress(self) -> None:
        """When there is news and it is time for it. Called from the run's thread and from its companion's."""
        now = monotonic()
        if now < self._written_at + max(_PROGRESS_SECONDS, _PROGRESS_SHARE * self._write_seconds):
            return
        if self._has_ended or not self._progress.acquire(blocking=False):
            return
        try:
            is_scan_due = now >= self._scanned_at + max(_PROGRESS_SECONDS, _PROGRESS_SHARE * self._scan_seconds)
            if is_scan_due and self._scan is not None:
                found = self._scan.changes(is_last=False)
                self._has_news = self._has_news or found != self._files
                self._files = found
                self._scanned_at, self._scan_seconds = now, monotonic() - now
            if not self._has_news:
                return
            self._has_news = False
            path, begun = join(self._record.folder, PROGRESS), monotonic()
            report = report_so_far(
                self._recorder, self._outputs, self._files, self._milliseconds(), self._is_new_session
            )
            try:
                write_file(path + ".new", encode(report).encode())
                _replace(path + ".new", path)
            except OSError:
                remove_files(self._record.folder, PROGRESS + ".new")  # the disk is full
            self._written_at, self._write_seconds = monotonic(), monotonic() - begun
        except Exception:
            pass  # the report at the end has everything
        finally:
            self._progress.release()

    def _milliseconds(self) -> int:
        return round((monotonic() - self._started) * 1000)

    def _complete(self, reply: dict[str, Any]) -> None:
        milliseconds = self._milliseconds()
        try:
            with self._progress:
                report = self._report(reply, milliseconds)
                # Whoever reads the report may send the next run at once, and must not find the session busy.
                remove_files(in_data(OUTPUTS_FOLDER), RUNNING)
                self._write(report)
        finally:
            self._watcher.dismiss()
            self._remove_markers()
            state["background"] = None
            self._over.set_result(None)
            start_next()

    def _report(self, reply: dict[str, Any], milliseconds: int) -> dict[str, Any]:
        try:
            files = self._scan.changes() if self._scan is not None else []
            report = report_so_far(self._recorder, self._outputs, files, milliseconds, self._is_new_session)
            put_ending(report, self._recorder, reply)
        except BaseException:  # the code has broken something that a report needs
            report = empty_report(shell.execution_count - 1, self._is_new_session)
            report["status"], report["milliseconds"] = reply.get("status", "error"), milliseconds
            report["omitted"] = {"outputs": 1, "files": 1, "stdout": 1}
        ended_by = self._ended_by or self._watcher.reason()
        if ended_by is not None:
            report["endedBy"] = ended_by
        return report

    def _write(self, report: dict[str, Any]) -> None:
        """Writes the report into the record; where the disk is too full for all of it, less."""
        text = encode(report)
        if not self._record.write(text):
            folder = self._record.folder
            remove_files(folder, PROGRESS, PROGRESS + ".new")
            if not self._record.write(text):
                remove_files(folder, *(name for name in listdir(folder) if name.startswith("output-")))
                if report["outputs"]:
                    report["omitted"]["outputs"], report["outputs"] = len(report["outputs"]), []
                for name in ("stdout", "stderr", "result"):
                    over = len(report[name]) - _MAX_CHARACTERS_WITHOUT_ROOM
                    if over > 0:
                        report["omitted"][name], report[name] = over, report[name][over:]
                text = encode(report)
                self._record.write(text)
        self._record.close(self._outputs.size + len(text))

    def _remove_markers(self) -> None:
        remove_files(self._record.folder, PROGRESS, PROGRESS + ".new", CANCEL, RUNNING)
        remove_files(in_data(OUTPUTS_FOLDER), RUNNING)


def _write_marker(path: str, content: bytes) -> None:
    """An empty file needs no room, and says enough."""
    try:
        write_file(path, content)
    except OSError:
        pass


class _Watcher:
    """The process that watches a run. It is a program of its own: a fork of a kernel with threads might hang."""

    def __init__(self, execution_id: str, seconds: int) -> None:
        if _set_blocking is None or not hasattr(select, "poll"):
            raise OSError("This system cannot interrupt one process from another.")
        self._process = _Popen(
            [_executable, "-I", "-S", "-c", WATCHER_SOURCE, str(getpid()), execution_id, str(seconds)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            cwd="/",
        )
        assert self._process.stdout is not None
        self._stdout = self._process.stdout
        _set_blocking(self._stdout.fileno(), False)

    def reason(self) -> str | None:
        """Why the run is to end, `canceled` or `timeout`; None while it is not."""
        try:
            reason = _read_descriptor(self._stdout.fileno(), 64).decode()
        except (OSError, ValueError):
            return None
        return reason or None

    def dismiss(self) -> None:
        """The run has ended. A watcher that has not started yet, after a quick run, need not do so."""
        with contextlib.suppress(Exception):
            self._process.kill()
            self._stdout.close()
        with contextlib.suppress(Exception):  # the next run does not wait for the watcher's end
            threading.Thread(target=self._process.wait, name="code-interpreter-watcher", daemon=True).start()


class _Companion:
    """A thread beside a run: takes what programs write past Python's streams, and has progress written."""

    def __init__(self, recorder: Recorder, tick: Callable[[], None]) -> None:
        self._recorder, self._tick = recorder, tick
        self._drained = threading.Event()
        self._wake_reader, self._wake_writer = _pipe()
        self._kept: dict[int, int] = {}  # copies of the descriptors 1 and 2, by their number
        self._pipes: dict[int, tuple[int, Any]] = {}  # where they lead, by the reading end
        for number in (1, 2):
            try:
                self._kept[number] = _dup(number)
            except OSError:
                continue  # the code has closed it
            reader, writer = _pipe()
            _dup2(writer, number)
            os_close(writer)
            self._pipes[reader] = (number, codecs.getincrementaldecoder("utf-8")("replace"))
        self._thread = threading.Thread(target=self._loop, name="code-interpreter", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Returns when all that was written up to now is recorded."""
        for number, kept in self._kept.items():
            with contextlib.suppress(OSError):
                _dup2(kept, number)
        with contextlib.suppress(OSError):
            os_write(self._wake_writer, b"x")
        self._drained.wait(2)

    def _loop(self) -> None:
        poll = select.poll()
        for reader in (*self._pipes, self._wake_reader):
            poll.register(reader, select.POLLIN)
        is_over = False
        while self._pipes or not is_over:
            events = poll.poll(None if is_over else 100)
            for reader, _ in events:
                if reader == self._wake_reader:
                    is_over = True
                    poll.unregister(reader)
                    continue
                number, decoder = self._pipes[reader]
                data = _read_descriptor(reader, 1 << 16)
                if not data:
                    poll.unregister(reader)
                    os_close(reader)
                    del self._pipes[reader]
                elif self._drained.is_set():  # a program that the run has left writes on
                    with contextlib.suppress(OSError):
                        os_write(number, data)
                else:
                    self._recorder.write("stdout" if number == 1 else "stderr", decoder.decode(data))
            if is_over and not self._drained.is_set() and not poll.poll(0):
                self._drained.set()
            if not is_over:
                flush_streams()
                self._tick()
        self._drained.set()
        for descriptor in (self._wake_reader, self._wake_writer, *self._kept.values()):
            with contextlib.suppress(OSError):
                os_close(descriptor)
