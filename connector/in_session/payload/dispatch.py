"""Installs the payload in a kernel, and runs the cells of the connector: recorded, deferred, or a task.

`kernel.do_execute` is the one way that code enters a kernel. A cell of the connector begins with a mark and carries
what is asked for as JSON; the code in it runs as if it had been sent by itself. All other cells pass through unchanged.
"""

from __future__ import annotations

import contextlib
import signal
import threading
import zlib
from collections.abc import Iterator
from typing import Any

from .background import defer, start_next
from .host import (
    VERSION_MARK,
    awaited,
    decode,
    encode,
    from_base64,
    getpid,
    installed_before,
    kernel,
    monotonic,
    original_do_execute,
    original_format,
    original_send,
    shell,
    state,
)
from .outputs import OutputFiles
from .record import Record, adopt_records
from .recorder import Recorder, recorded, recording
from .reports import (
    IN_RECORD,
    INTERRUPTED,
    current_request,
    flush_streams,
    put_ending,
    report_so_far,
    send_line,
)
from .scan import Scan

_BUSY = {"isBusy": True}
"""In place of a report, from a session in which a deferred run is in progress."""

_decompress = zlib.decompress


class _Session:
    """`is_new` until the first run of the connector in this interpreter, if nobody else has run code before."""

    is_new = False


_this_session = _Session()


async def do_execute(
    code: Any,
    silent: bool,
    store_history: bool = True,
    user_expressions: Any = None,
    allow_stdin: bool = False,
    **keywords: Any,
) -> Any:
    """In place of the kernel's own."""
    asked = _asked(code)
    if asked is None:
        while state["background"] is not None:
            await state["background"].over()
        return await awaited(
            original_do_execute(code, silent, store_history, user_expressions, allow_stdin, **keywords)
        )
    reply = {"status": "ok", "execution_count": shell.execution_count - 1, "user_expressions": {}, "payload": []}
    request = current_request()
    if state["background"] is not None:  # its code awaits something, or is about to begin
        send_line(request, asked, encode(_BUSY))
    elif "task" in asked:
        send_line(request, asked, encode(_performed(asked)))
    elif "deferredSeconds" in asked:
        is_new, _this_session.is_new = _this_session.is_new, False
        send_line(request, asked, encode(defer(asked, is_new)))
    else:
        return await _run(request, asked, reply, silent, store_history, user_expressions, allow_stdin, keywords)
    return reply


async def _run(request: Any, asked: dict[str, Any], reply: Any, *arguments: Any) -> Any:
    """A run in one call of the pool. Returns the kernel's reply to it."""
    is_new, _this_session.is_new = _this_session.is_new, False
    *positional, keywords = arguments
    recorder, record, started = Recorder(), None, monotonic()
    scan: Scan | None = None
    with contextlib.ExitStack() as stack:
        try:
            record = Record(asked)
            if not record.is_ours:
                send_line(request, asked, encode(IN_RECORD))
                return reply
            scan, started = Scan(), monotonic()
            shell.last_execution_result = None
            stack.enter_context(recorded(request["header"]["msg_id"], recorder))
        except Exception:
            pass  # something is broken; the run takes place, and the pool alone reports it
        reply = INTERRUPTED
        try:
            reply = await awaited(original_do_execute(asked["code"], *positional, **keywords))
        finally:
            if getpid() == recording.process:  # not in a process that the code has forked
                try:
                    flush_streams()
                    stack.close()
                    if record is not None and scan is not None:
                        milliseconds = round((monotonic() - started) * 1000)
                        _report(request, asked, reply, recorder, record, scan, milliseconds, is_new)
                except BaseException:  # the code has broken something that a report needs: its messages go out as usual
                    kernel.do_execute = original_do_execute  # and the next run installs the payload again
                    for stream, message, content, parent, others, named in recorder.messages:
                        original_send(stream, message, content, parent, *others, **named)
    return reply


def _report(
    request: Any,
    asked: dict[str, Any],
    reply: dict[str, Any],
    recorder: Recorder,
    record: Record,
    scan: Scan,
    milliseconds: int,
    is_new: bool,
) -> None:
    size = 0
    try:
        outputs = OutputFiles(record.folder)
        report = report_so_far(recorder, outputs, scan.changes(), milliseconds, is_new)
        put_ending(report, recorder, reply)
        text = encode(report)
        record.write(text)
        size = outputs.size + len(text)
    finally:
        record.close(size)
    send_line(request, asked, text)


def _performed(asked: dict[str, Any]) -> dict[str, Any]:
    """What a task of the connector returns. It runs in a namespace of its own."""
    try:
        names: dict[str, Any] = {"__name__": "code_interpreter_task"}
        exec(_decompress(from_base64(asked["task"])), names)
        return {"returned": names["perform"](asked["arguments"])}
    except Exception as failure:
        return {"raised": f"{type(failure).__name__}: {failure}"}


def _asked(code: Any) -> dict[str, Any] | None:
    """What a cell of the connector asks for; None for any other cell, and for one of another version."""
    if not isinstance(code, str) or not code.startswith(VERSION_MARK):
        return None
    try:
        asked: dict[str, Any] = decode(from_base64(code.rsplit('"', 4)[1]).decode())
        return asked
    except Exception:
        return None


async def install(payload: str) -> None:
    """Called by the first cell of the connector that a kernel runs: installs, and runs what that cell asks for.

    Takes back the traces of the cell itself, so that the user's code finds the kernel as if it had come first.
    """
    _this_session.is_new = installed_before is None and shell.execution_count <= 2 and not _has_history()
    kernel.do_execute = do_execute
    kernel._connector_payload = {
        "do_execute": original_do_execute,
        "send": original_send,
        "format": original_format,
        "state": state,
    }
    adopt_records()
    history = shell.history_manager
    number = shell.displayhook.exec_result.execution_count
    counts_before = shell.execution_count > number  # IPython 9 counts before a run, 8 after it
    shell.execution_count = number
    if history is not None:
        for inputs in (history.input_hist_parsed, history.input_hist_raw):
            if inputs:
                inputs.pop()
        with history.db_input_cache_lock:
            if history.db_input_cache:
                history.db_input_cache.pop()
            else:  # it is written already, and a number is written once
                history.db_input_cache = _AllBut(number)
        history._i00, history._i, history._ii = history._i, history._ii, history._iii
        shell.user_ns.pop(f"_i{number}", None)
        shell.user_ns.update({"_i": history._i, "_ii": history._ii, "_iii": history._iii})
    with _interrupts_as_in_a_cell():
        reply = await do_execute(VERSION_MARK + '"' + payload + '",""', False)
    for asked in reply.get("payload") or ():
        shell.payload_manager.write_payload(asked)  # as exit() does; the kernel takes it from the cell around this one
    if not counts_before:
        shell.execution_count -= 1  # the cell around this one is about to count itself
    start_next()  # what waited in an interpreter that has ended since


class _AllBut(list):  # type: ignore[type-arg]
    """What is to be written to IPython's history, without the line of one number."""

    def __init__(self, number: int) -> None:
        list.__init__(self)
        self._number = number

    def append(self, line: Any) -> None:
        if line[0] != self._number:
            list.append(self, line)


@contextlib.contextmanager
def _interrupts_as_in_a_cell() -> Iterator[None]:
    """The kernel lets an interrupt cancel a cell that awaits, as the one around this does: that stops no loop."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    handler = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, handler)


def _has_history() -> bool:
    """Something ran in this kernel before that the connector has not sent."""
    history = shell.history_manager
    return history is not None and len(history.input_hist_raw) > 2
