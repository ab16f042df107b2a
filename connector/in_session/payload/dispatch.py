"""Installs the payload in a kernel, and runs the cells of the connector: recorded, deferred, or a task.

All code enters a kernel through `kernel.do_execute`. A cell of the connector begins with a mark and contains its
request as JSON; the code in it runs as if it had been sent alone. All other cells pass through unchanged.
"""

from __future__ import annotations

import contextlib
import signal
import threading
import zlib
from collections.abc import Iterator
from typing import Any

from ..protocol import OUTPUTS_FOLDER, RUNNING
from .background import defer, start_next
from .host import (
    VERSION_MARK,
    awaited,
    decode,
    encode,
    from_base64,
    getpid,
    in_data,
    installed_before,
    kernel,
    monotonic,
    original_do_execute,
    original_format,
    original_send,
    remove_files,
    shell,
    state,
)
from .outputs import OutputFiles
from .record import Record, adopt_records
from .recorder import Recorder, recorded, recording
from .reports import (
    IN_RECORD,
    INTERRUPTED,
    current_parent,
    finish_displays,
    put_ending,
    report_so_far,
    send_line,
)
from .scan import Scan

_BUSY = {"isBusy": True}
"""Sent instead of a report while a deferred run is in progress."""

_decompress = zlib.decompress


class _Session:
    """`is_new` until the connector's first run in this interpreter, unless other code has run before it."""

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
    """Replaces the kernel's own method."""
    request = _request_in(code)
    if request is None:
        while state["background"] is not None:
            await state["background"].wait()
        return await awaited(
            original_do_execute(code, silent, store_history, user_expressions, allow_stdin, **keywords)
        )
    reply = {"status": "ok", "execution_count": shell.execution_count - 1, "user_expressions": {}, "payload": []}
    parent = current_parent()
    if state["background"] is not None:  # its code awaits something, or is about to begin
        send_line(parent, request, encode(_BUSY))
    elif "startsNext" in request:
        start_next()
        send_line(parent, request, encode(IN_RECORD))
    elif "task" in request:
        send_line(parent, request, encode(_perform_task(request)))
    elif "deferredSeconds" in request:
        is_new, _this_session.is_new = _this_session.is_new, False
        send_line(parent, request, encode(defer(request, is_new)))
    else:
        return await _run(parent, request, reply, silent, store_history, user_expressions, allow_stdin, keywords)
    return reply


async def _run(parent: Any, request: dict[str, Any], reply: Any, *arguments: Any) -> Any:
    """A run in one call of the pool. Returns the kernel's reply to it."""
    is_new, _this_session.is_new = _this_session.is_new, False
    *positional, keywords = arguments
    recorder, record, started = Recorder(), None, monotonic()
    scan: Scan | None = None
    with contextlib.ExitStack() as stack:
        try:
            record = Record(request)
            if not record.is_ours:
                send_line(parent, request, encode(IN_RECORD))
                return reply
            scan, started = Scan(), monotonic()
            shell.last_execution_result = None
            stack.enter_context(recorded(parent["header"]["msg_id"], recorder))
        except Exception:
            pass  # something is broken: the code runs all the same, and the pool alone reports on it
        reply = INTERRUPTED
        try:
            reply = await awaited(original_do_execute(request["code"], *positional, **keywords))
        finally:
            if getpid() == recording.process:  # not in a process that the code has forked
                try:
                    finish_displays(reply)
                    stack.close()
                    if record is not None and scan is not None:
                        milliseconds = round((monotonic() - started) * 1000)
                        _report(parent, request, reply, recorder, record, scan, milliseconds, is_new)
                except BaseException:  # the code has broken something that a report needs: send its messages as usual
                    kernel.do_execute = original_do_execute  # and the next run installs the payload again
                    for stream, message, content, its_parent, others, named in recorder.messages:
                        original_send(stream, message, content, its_parent, *others, **named)
    return reply


def _report(
    parent: Any,
    request: dict[str, Any],
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
    send_line(parent, request, text)


def _perform_task(request: dict[str, Any]) -> dict[str, Any]:
    """Runs a task of the connector in a separate namespace. Returns its result, or its exception."""
    try:
        names: dict[str, Any] = {"__name__": "code_interpreter_task"}
        exec(_decompress(from_base64(request["task"])), names)
        return {"returned": names["perform"](request["arguments"])}
    except Exception as failure:
        return {"raised": f"{type(failure).__name__}: {failure}"}


def _request_in(code: Any) -> dict[str, Any] | None:
    """The request in a cell of the connector. None for other cells, and for those of another version."""
    if not isinstance(code, str) or not code.startswith(VERSION_MARK):
        return None
    try:
        request: dict[str, Any] = decode(from_base64(code.rsplit('"', 4)[1]).decode())
        return request
    except Exception:
        return None


async def install(encoded_request: str) -> None:
    """Called by the first cell of the connector in a kernel: installs the payload, and runs the request in that cell.

    Removes the traces of the cell itself, so that the user's code finds the kernel as if it had been sent first.
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
    if installed_before is None:  # no run is in progress in a new interpreter; its predecessor may have left a marker
        remove_files(in_data(OUTPUTS_FOLDER), RUNNING)
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
            else:  # it is stored already, and the store accepts each number only once
                history.db_input_cache = _HistoryWithout(number)
        history._i00, history._i, history._ii = history._i, history._ii, history._iii
        shell.user_ns.pop(f"_i{number}", None)
        shell.user_ns.update({"_i": history._i, "_ii": history._ii, "_iii": history._iii})
    start_next(_this_session.is_new)  # executions that were queued before the interpreter was restarted come first
    if state["background"] is not None:
        _this_session.is_new = False
    with _interrupts_as_in_a_cell():
        reply = await do_execute(VERSION_MARK + '"' + encoded_request + '",""', False)
    for item in reply.get("payload") or ():
        shell.payload_manager.write_payload(item)  # such as that of exit(); the kernel takes it from the enclosing cell
    if not counts_before:
        shell.execution_count -= 1  # the enclosing cell is about to count itself


class _HistoryWithout(list):  # type: ignore[type-arg]
    """Lines to be stored in IPython's history, except for the one with this number."""

    def __init__(self, number: int) -> None:
        list.__init__(self)
        self._number = number

    def append(self, line: Any) -> None:
        if line[0] != self._number:
            list.append(self, line)


@contextlib.contextmanager
def _interrupts_as_in_a_cell() -> Iterator[None]:
    """An interrupt raises KeyboardInterrupt. Since the enclosing cell awaits, the kernel would cancel its task instead,
    which does not stop a loop.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    handler = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, handler)


def _has_history() -> bool:
    """Whether this kernel has run code that the connector did not send."""
    history = shell.history_manager
    return history is not None and len(history.input_hist_raw) > 2
