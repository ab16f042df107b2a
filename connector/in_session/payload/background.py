"""Deferred runs: code that runs in the session's own interpreter after the reply to its cell.

The cell schedules the run on the kernel's event loop, to begin after the reply. Nothing depends on an open connection,
and the pool's limit for a call does not apply. A separate process, the watcher, keeps the heartbeat and interrupts the
run when it is canceled or times out; all other interrupts are ignored. Other cells do not run meanwhile, even when the
code awaits something and the event loop is free.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
import threading
from collections.abc import Callable, Iterator
from typing import Any

from ..protocol import CANCEL, OUTPUTS_FOLDER, PROGRESS, RUNNING, empty_report
from .capture import OutputCapture
from .exits import exits_end_the_run, without_exit_error
from .home_folder import created_in_home, files_in_home
from .host import (
    awaited,
    encode,
    getpid,
    in_data,
    join,
    kernel,
    listdir,
    monotonic,
    original_do_execute,
    remove_files,
    shell,
    state,
    write_file,
)
from .line_buffering import line_buffered
from .os_exit import exit_at_once, reports_before_exit
from .outputs import OutputFiles
from .progress import Progress
from .queue import oldest_request
from .record import Record
from .recorder import Recorder, call_after_reply, everything_recorded
from .reports import IN_RECORD, INTERRUPTED, finish_displays, flush_streams, put_ending, report_so_far
from .scan import Scan
from .watching import Watcher

_LONGEST_DELAY_SECONDS = 1.0
"""After which a run begins in a kernel that does not send its replies through `session.send`."""

_MAX_CHARACTERS_ON_FULL_DISK = 2000
"""Of each text in a report."""

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
        self._recorder = Recorder(on_message=self._on_message)
        self._outputs = OutputFiles(record.folder)
        self._progress: Progress | None = None
        self._process = getpid()
        self._has_begun = self._code_has_ended = False
        self._ended_by: str | None = None
        self._was_interrupted = False
        self._interrupt_handler: Any = None  # while the code runs
        self._ended = asyncio.get_running_loop().create_future()
        self._task: asyncio.Task[None] | None = None
        _write_marker(in_data(OUTPUTS_FOLDER, RUNNING), encode({"executionId": request["executionId"]}).encode())
        _write_marker(join(record.folder, RUNNING), b"")
        try:
            self._watcher = Watcher(request["executionId"], request["deferredSeconds"])
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
        scan, home_files = Scan(), files_in_home()
        self._progress = progress = Progress(self._record.folder, scan, self._report_so_far)
        with self._interrupts_filtered():
            with everything_recorded(self._recorder), exits_end_the_run(self._code):
                capture = OutputCapture(self._recorder, progress.write)

                def report_before_exit() -> None:
                    flush_streams()
                    capture.stop()
                    progress.finish()
                    self._write(self._final_report(None, scan, home_files))

                try:
                    with reports_before_exit(report_before_exit), line_buffered():
                        reply = without_exit_error(
                            await awaited(original_do_execute(self._code, False, True, None, False))
                        )
                except (KeyboardInterrupt, asyncio.CancelledError):
                    pass
                finally:
                    self._code_has_ended = True
                    finish_displays(reply)
                    if getpid() != self._process:
                        exit_at_once(0)  # the code has forked, and this is the child
                    capture.stop()
            progress.finish()
            self._complete(reply, scan, home_files)

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
        if self._progress is not None:
            self._progress.note_change()

    def _report_so_far(self, files: list[dict[str, Any]]) -> dict[str, Any]:
        return report_so_far(self._recorder, self._outputs, files, self._milliseconds(), self._is_new_session)

    def _milliseconds(self) -> int:
        return round((monotonic() - self._started) * 1000)

    def _complete(self, reply: dict[str, Any], scan: Scan, home_files: set[str]) -> None:
        try:
            report = self._final_report(reply, scan, home_files)
            # A caller that reads the report may send the next run at once, and must not find the session busy.
            remove_files(in_data(OUTPUTS_FOLDER), RUNNING)
            self._write(report)
        finally:
            self._watcher.dismiss()
            self._remove_markers()
            state["background"] = None
            self._ended.set_result(None)
            start_next()

    def _final_report(self, reply: dict[str, Any] | None, scan: Scan, home_files: set[str]) -> dict[str, Any]:
        """`reply` is None if the code is about to end the interpreter."""
        milliseconds = self._milliseconds()
        try:
            report = self._report_so_far(scan.changes())
            report["milliseconds"] = milliseconds
            created = created_in_home(home_files)
            if created:
                report["homeFiles"] = created
            if reply is not None:
                put_ending(report, self._recorder, reply)
        except BaseException:  # the code has broken something that a report needs
            report = empty_report(shell.execution_count - 1, self._is_new_session)
            report["status"], report["milliseconds"] = (reply or INTERRUPTED)["status"], milliseconds
            report["omitted"] = {"outputs": 1, "files": 1, "stdout": 1}
        ended_by = self._ended_by or self._watcher.reason() or ("died" if reply is None else None)
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
