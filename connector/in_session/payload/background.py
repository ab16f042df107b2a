"""Deferred runs: code that runs in the session's own interpreter after the reply to its cell.

The cell schedules the run on the kernel's event loop, to begin after the reply. Nothing depends on an open connection,
and the pool's limit for a call does not apply. A separate process, the watcher, keeps the heartbeat and interrupts the
run when it is canceled or times out; all other interrupts are ignored. Other cells do not run meanwhile, even when the
code awaits something and the event loop is free.
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
"""Writing progress takes at most 1 / `_PROGRESS_SHARE` of a run's time."""

_LONGEST_DELAY_SECONDS = 1.0
"""After which a run begins in a kernel that does not send its replies through `session.send`."""

_MAX_CHARACTERS_ON_FULL_DISK = 2000
"""Of each text in a report."""

_executable, _Popen = sys.executable, subprocess.Popen
_read_descriptor, _pipe, _dup, _dup2, _replace = os.read, os.pipe, os.dup, os.dup2, os.replace
_set_blocking, _exit = getattr(os, "set_blocking", None), os._exit
_get_handler, _set_handler = signal.getsignal, signal.signal
_main_thread, _current_thread = threading.main_thread, threading.current_thread


def defer(request: dict[str, Any], is_new_session: bool) -> dict[str, Any]:
    """Schedules the run to begin after the reply to the current cell. Returns what the cell reports: that the report is
    in the record, or the report of a run that was not started.
    """
    record = Record(request)
    if not record.is_ours:
        return IN_RECORD
    run, report = _prepare(request, record, is_new_session)
    if run is None:
        return report
    loop = asyncio.get_running_loop()
    call_after_reply(lambda: loop.call_soon(run.begin))
    loop.call_later(_LONGEST_DELAY_SECONDS, run.begin)
    return IN_RECORD


def start_next(is_new_session: bool = False) -> None:
    """Starts the oldest queued execution, if there is one. It begins after the current cell or run."""
    while state["background"] is None:
        request = oldest_request()
        if request is None:
            return
        record = Record(request)
        if record.is_ours:
            run, _ = _prepare(request, record, is_new_session)
            if run is not None:
                asyncio.get_running_loop().call_soon(run.begin)
            elif not record.is_kept:
                return  # the disk is full


def _prepare(
    request: dict[str, Any], record: Record, is_new_session: bool
) -> tuple[DeferredRun | None, dict[str, Any]]:
    """The run; or None and the report, if it cannot start. Then its record is complete."""
    report = empty_report(shell.execution_count - 1, is_new_session)
    if record.is_canceled:
        report["endedBy"] = "canceled"
    elif not record.is_kept:
        report["error"] = _not_started("The session's disk is full, and the result could not be kept.")
    else:
        try:
            run = state["background"] = DeferredRun(request, record, is_new_session)
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
    """One run, from its claim to its report. Raises OSError if the watcher cannot be started."""

    def __init__(self, request: dict[str, Any], record: Record, is_new_session: bool) -> None:
        self._code: str = request["code"]
        self._record = record
        self._is_new_session = is_new_session
        self._recorder = Recorder(self._on_message)
        self._outputs = OutputFiles(record.folder)
        self._scan: Scan | None = None
        self._process = getpid()
        self._has_begun = self._code_has_ended = False
        self._ended_by: str | None = None
        self._was_interrupted = False
        self._interrupt_handler: Any = None  # while the code runs
        self._ended = asyncio.get_running_loop().create_future()
        self._task: asyncio.Task[None] | None = None
        self._writing = threading.Lock()
        self._has_changed = False
        self._written_at, self._write_seconds = 0.0, 0.0
        self._scanned_at, self._scan_seconds = 0.0, 0.0
        self._files: list[dict[str, Any]] = []
        _write_marker(in_data(OUTPUTS_FOLDER, RUNNING), encode({"executionId": request["executionId"]}).encode())
        _write_marker(join(record.folder, RUNNING), b"")
        try:
            self._watcher = _Watcher(request["executionId"], request["deferredSeconds"])
        except BaseException:
            self._remove_markers()
            raise
        self._started = monotonic()

    def begin(self) -> None:
        if not self._has_begun:
            self._has_begun = True
            self._task = asyncio.get_running_loop().create_task(self._run())

    async def wait(self) -> None:
        """Returns when the run has ended. The kernel installs an interrupt handler for each cell, even for one that
        waits here, so the run's handler is restored first.
        """
        if self._interrupt_handler is not None and _current_thread() is _main_thread():
            _set_handler(signal.SIGINT, self._interrupt_handler)
        await asyncio.shield(self._ended)

    async def _run(self) -> None:
        reply: dict[str, Any] = INTERRUPTED
        shell.last_execution_result = None
        self._scan = Scan()
        with self._interrupts_filtered():
            with everything_recorded(self._recorder):
                capture = _OutputCapture(self._recorder, self.write_progress)
                try:
                    reply = await awaited(original_do_execute(self._code, False, True, None, False))
                except (KeyboardInterrupt, asyncio.CancelledError):
                    pass
                finally:
                    self._code_has_ended = True
                    flush_streams()
                    if getpid() != self._process:
                        _exit(0)  # the code has forked, and this is the child
                    capture.stop()
            self._complete(reply)

    @contextlib.contextmanager
    def _interrupts_filtered(self) -> Iterator[None]:
        """Only the watcher's interrupts reach the code, and none interrupts its report."""
        if _current_thread() is not _main_thread():
            yield
            return
        self._interrupt_handler = self._on_interrupt
        previous = _set_handler(signal.SIGINT, self._interrupt_handler)
        cancel_on_interrupt = getattr(kernel, "_cancel_on_sigint", None)
        if cancel_on_interrupt is not None:
            kernel._cancel_on_sigint = self._filtered(cancel_on_interrupt)
        try:
            yield
        finally:
            self._interrupt_handler = None
            if cancel_on_interrupt is not None:
                del kernel._cancel_on_sigint
            _set_handler(signal.SIGINT, previous)

    def _filtered(self, cancel_on_interrupt: Callable[[Any], Any]) -> Callable[[Any], Any]:
        """ipykernel installs a handler by which an interrupt cancels code that awaits. This filters that one, too."""

        @contextlib.contextmanager
        def cancel_on_stop(future: Any) -> Iterator[None]:
            with cancel_on_interrupt(future):
                cancel: Any = _get_handler(signal.SIGINT)
                self._interrupt_handler = lambda number, frame: self._must_stop() and cancel(number, frame)
                _set_handler(signal.SIGINT, self._interrupt_handler)
                yield

        return cancel_on_stop

    def _on_interrupt(self, number: int, frame: Any) -> None:
        if self._must_stop():
            raise KeyboardInterrupt

    def _must_stop(self) -> bool:
        """True once, for the watcher's interrupt. The watcher repeats it, because code that waits may miss one."""
        if self._code_has_ended or self._was_interrupted:
            return False
        self._ended_by = self._ended_by or self._watcher.reason()
        self._was_interrupted = self._ended_by is not None
        return self._was_interrupted

    def _on_message(self) -> None:
        """Called for each message of the run, in the thread that sends it."""
        self._has_changed = True
        self.write_progress()

    def write_progress(self) -> None:
        """Does nothing if nothing has changed, or too soon after the last time. Called from several threads."""
        now = monotonic()
        if now < self._written_at + max(_PROGRESS_SECONDS, _PROGRESS_SHARE * self._write_seconds):
            return
        if self._code_has_ended or not self._writing.acquire(blocking=False):
            return
        try:
            is_scan_due = now >= self._scanned_at + max(_PROGRESS_SECONDS, _PROGRESS_SHARE * self._scan_seconds)
            if is_scan_due and self._scan is not None:
                files = self._scan.changes(is_last=False)
                self._has_changed = self._has_changed or files != self._files
                self._files = files
                self._scanned_at, self._scan_seconds = now, monotonic() - now
            if not self._has_changed:
                return
            self._has_changed = False
            path, started = join(self._record.folder, PROGRESS), monotonic()
            report = report_so_far(
                self._recorder, self._outputs, self._files, self._milliseconds(), self._is_new_session
            )
            try:
                write_file(path + ".new", encode(report).encode())
                _replace(path + ".new", path)
            except OSError:
                remove_files(self._record.folder, PROGRESS + ".new")  # the disk is full
            self._written_at, self._write_seconds = monotonic(), monotonic() - started
        except Exception:
            pass  # the final report has everything
        finally:
            self._writing.release()

    def _milliseconds(self) -> int:
        return round((monotonic() - self._started) * 1000)

    def _complete(self, reply: dict[str, Any]) -> None:
        milliseconds = self._milliseconds()
        try:
            with self._writing:
                report = self._report(reply, milliseconds)
                # A caller that reads the report may send the next run at once, and must not find the session busy.
                remove_files(in_data(OUTPUTS_FOLDER), RUNNING)
                self._write(report)
        finally:
            self._watcher.dismiss()
            self._remove_markers()
            state["background"] = None
            self._ended.set_result(None)
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
        """Writes the report to the record, or less of it if the disk is full."""
        text = encode(report)
        if not self._record.write(text):
            folder = self._record.folder
            remove_files(folder, PROGRESS, PROGRESS + ".new")
            if not self._record.write(text):
                remove_files(folder, *(name for name in listdir(folder) if name.startswith("output-")))
                omitted = report["omitted"]
                if report["outputs"]:
                    omitted["outputs"] = omitted.get("outputs", 0) + len(report["outputs"])
                    report["outputs"] = []
                for name in ("stdout", "stderr", "result"):
                    excess = len(report[name]) - _MAX_CHARACTERS_ON_FULL_DISK
                    if excess > 0:
                        omitted[name], report[name] = omitted.get(name, 0) + excess, report[name][excess:]
                text = encode(report)
                self._record.write(text)
        self._record.close(self._outputs.size + len(text))

    def _remove_markers(self) -> None:
        remove_files(self._record.folder, PROGRESS, PROGRESS + ".new", CANCEL, RUNNING)
        remove_files(in_data(OUTPUTS_FOLDER), RUNNING)


def _write_marker(path: str, content: bytes) -> None:
    """The file is created even on a full disk. Then it is empty, which is sufficient."""
    try:
        write_file(path, content)
    except OSError:
        pass


class _Watcher:
    """The process that watches a run. It is a new program, because the fork of a kernel with threads might hang."""

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
        """Why the run must stop, `canceled` or `timeout`; None if it need not."""
        try:
            reason = _read_descriptor(self._stdout.fileno(), 64).decode()
        except (OSError, ValueError):
            return None
        return reason or None

    def dismiss(self) -> None:
        """Ends the watcher, because the run has ended. After a quick run, it may not even have started."""
        with contextlib.suppress(Exception):
            self._process.kill()
            self._stdout.close()
        with contextlib.suppress(Exception):  # the next run does not wait for the watcher to end
            threading.Thread(target=self._process.wait, name="code-interpreter-watcher", daemon=True).start()


class _OutputCapture:
    """A thread that records what is written to the descriptors 1 and 2 directly, such as by subprocesses.

    It also calls `tick` ten times a second, even while the code blocks.
    """

    def __init__(self, recorder: Recorder, tick: Callable[[], None]) -> None:
        self._recorder, self._tick = recorder, tick
        self._drained = threading.Event()
        self._wake_reader, self._wake_writer = _pipe()
        self._saved: dict[int, int] = {}  # copies of the descriptors 1 and 2, by their number
        self._pipes: dict[int, tuple[int, Any]] = {}  # descriptor and decoder, by the reading end
        for number in (1, 2):
            try:
                self._saved[number] = _dup(number)
            except OSError:
                continue  # the code has closed it
            reader, writer = _pipe()
            _dup2(writer, number)
            os_close(writer)
            self._pipes[reader] = (number, codecs.getincrementaldecoder("utf-8")("replace"))
        self._thread = threading.Thread(target=self._loop, name="code-interpreter", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Returns when everything that has been written so far is recorded."""
        for number, saved in self._saved.items():
            with contextlib.suppress(OSError):
                _dup2(saved, number)
        with contextlib.suppress(OSError):
            os_write(self._wake_writer, b"x")
        self._drained.wait(2)

    def _loop(self) -> None:
        poll = select.poll()
        for reader in (*self._pipes, self._wake_reader):
            poll.register(reader, select.POLLIN)
        is_stopped = False
        while self._pipes or not is_stopped:
            events = poll.poll(None if is_stopped else 100)
            for reader, _ in events:
                if reader == self._wake_reader:
                    is_stopped = True
                    poll.unregister(reader)
                    continue
                number, decoder = self._pipes[reader]
                data = _read_descriptor(reader, 1 << 16)
                if not data:
                    poll.unregister(reader)
                    os_close(reader)
                    del self._pipes[reader]
                elif self._drained.is_set():  # by a program that outlives the run
                    with contextlib.suppress(OSError):
                        os_write(number, data)
                else:
                    self._recorder.write("stdout" if number == 1 else "stderr", decoder.decode(data))
            if is_stopped and not self._drained.is_set() and not poll.poll(0):
                self._drained.set()
            if not is_stopped:
                flush_streams()
                self._tick()
        self._drained.set()
        for descriptor in (self._wake_reader, self._wake_writer, *self._saved.values()):
            with contextlib.suppress(OSError):
                os_close(descriptor)
