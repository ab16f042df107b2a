"""Runs in one call of the pool: the cell replies when the code has ended, and its stdout carries the report."""

from __future__ import annotations

import contextlib
from typing import Any

from ..protocol import MAX_FORWARDED_CHARACTERS
from .exits import exits_end_the_run, without_exit_error
from .home_folder import created_in_home, files_in_home
from .host import awaited, encode, getpid, kernel, monotonic, original_do_execute, original_send, shell
from .line_buffering import line_buffered
from .os_exit import reports_before_exit
from .outputs import OutputFiles
from .record import Record
from .recorder import Recorder, recorded, recording
from .reports import (
    IN_RECORD,
    INTERRUPTED,
    encoded,
    finish_displays,
    flush_streams,
    put_ending,
    report_so_far,
    send_line,
    send_report,
)
from .scan import Scan


class OneCallRun:
    """`parent` is the kernel's message with the cell, and `request` what the cell contains."""

    def __init__(self, parent: Any, request: dict[str, Any], is_new_session: bool) -> None:
        self._parent, self._request, self._is_new_session = parent, request, is_new_session
        room = min(MAX_FORWARDED_CHARACTERS, request["longest"] // 10)
        self._recorder = Recorder(on_display=self._keep_displays, forwarded_characters=room)
        self._stack = contextlib.ExitStack()
        self._record: Record | None = None
        self._outputs: OutputFiles | None = None
        self._scan: Scan | None = None

    async def run(self, reply: Any, *arguments: Any) -> Any:
        """Returns the kernel's reply to the code, or `reply` if another call has run this execution."""
        *positional, keywords = arguments
        with self._stack:
            try:
                if not self._begin():
                    send_line(self._parent, self._request, encode(IN_RECORD))
                    return reply
            except Exception:
                pass  # something is broken: the code runs all the same, and the pool alone reports on it
            reply = INTERRUPTED
            try:
                reply = without_exit_error(
                    await awaited(original_do_execute(self._request["code"], *positional, **keywords))
                )
            finally:
                if getpid() == recording.process:  # not in a process that the code has forked
                    try:
                        self._end(reply)
                    except BaseException:  # the code has broken something that a report needs
                        self._send_messages()
        return reply

    def _begin(self) -> bool:
        """Returns False if another call has run this execution."""
        self._record = Record(self._request)
        if not self._record.is_ours:
            return False
        self._outputs = OutputFiles(self._record.folder)
        self._home_files, self._scan = files_in_home(), Scan()
        self._started = monotonic()
        shell.last_execution_result = None
        self._stack.enter_context(recorded(self._parent["header"]["msg_id"], self._recorder))
        self._stack.enter_context(line_buffered())
        self._stack.enter_context(exits_end_the_run(self._request["code"]))
        self._stack.enter_context(reports_before_exit(self._report_before_exit))
        return True

    def _keep_displays(self) -> None:
        """Stores what is displayed at once: the interpreter may end before it can report."""
        if self._outputs is not None:
            self._outputs.store(self._recorder.displays)

    def _end(self, reply: Any) -> None:
        finish_displays(reply)
        self._stack.close()
        self._report(reply)

    def _report_before_exit(self) -> None:
        flush_streams()
        self._report(None)

    def _report(self, reply: Any) -> None:
        """`reply` is None if the interpreter is about to end."""
        if self._record is None or self._outputs is None or self._scan is None:
            return
        milliseconds = round((monotonic() - self._started) * 1000)
        files, home_files, size = self._scan.changes(), created_in_home(self._home_files), 0
        try:
            report = report_so_far(self._recorder, self._outputs, files, milliseconds, self._is_new_session)
            if home_files:
                report["homeFiles"] = home_files
            if reply is None:
                report["endedBy"] = "died"
            else:
                put_ending(report, self._recorder, reply)
            text, rest = encoded(report, self._recorder)
            self._record.write(text)
            size = self._outputs.size + len(text)
        finally:
            self._record.close(size)
        send_report(self._parent, self._request, rest, self._recorder)

    def _send_messages(self) -> None:
        """As usual. The next run installs the payload again."""
        kernel.do_execute = original_do_execute
        for stream, message, content, parent, others, named in self._recorder.messages:
            original_send(stream, message, content, parent, *others, **named)
