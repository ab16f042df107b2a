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
from .environment import enter_data_folder, make_importable, make_pip_give_up, make_python_callable
from .exits import keep_loop_running, silence_explanation
from .host import (
    VERSION_MARK,
    awaited,
    decode,
    encode,
    from_base64,
    in_data,
    installed_before,
    kernel,
    original_do_execute,
    original_format,
    original_send,
    remove_files,
    shell,
    state,
)
from .one_call import OneCallRun
from .queue import oldest_request
from .record import adopt_records
from .reports import IN_RECORD, current_parent, send_line
from .traces import Traces

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
        is_new, _this_session.is_new = _this_session.is_new, False
        run = OneCallRun(parent, request, is_new)
        return await run.run(reply, silent, store_history, user_expressions, allow_stdin, keywords)
    return reply


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

    Removes the traces of the connector's cells, so that the user's code finds the kernel as if it had been sent first.
    """
    traces = Traces()
    _this_session.is_new = installed_before is None and traces.are_alone
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
        enter_data_folder()
    make_importable()
    make_python_callable()
    make_pip_give_up()
    silence_explanation()
    keep_loop_running()
    traces.remove()
    if oldest_request() is not None:  # it was queued before the interpreter was restarted, and comes first
        start_next(_this_session.is_new)
    if state["background"] is not None:
        _this_session.is_new = False
    with _interrupts_as_in_a_cell():
        reply = await do_execute(VERSION_MARK + '"' + encoded_request + '",""', False)
    for item in reply.get("payload") or ():  # such as that of the pager; the kernel takes it from the enclosing cell
        shell.payload_manager.write_payload(item)
    if not traces.counts_before:
        shell.execution_count -= 1  # the enclosing cell is about to count itself


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
