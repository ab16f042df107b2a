"""The report of a run: all that the connector learns of it, as JSON."""

from __future__ import annotations

import sys
from typing import Any

from ..protocol import MAX_ERROR_CHARACTERS, MAX_FILES, REPORT_MARK, empty_report
from .errors import describe_error
from .host import encode, kernel, original_send, shell
from .outputs import OutputFiles
from .recorder import Recorder
from .streams import Text
from .tables import is_part_of_a_figure
from .values import TooLarge, to_json

IN_RECORD = {"isInRecord": True}
"""In place of a report that is to be read from the execution record."""

_INTERRUPT = "DeferredRun._on_interrupt"
"""In the frame of the payload that raises a KeyboardInterrupt, which is no frame of the user's."""

INTERRUPTED = {"status": "error", "ename": "KeyboardInterrupt", "evalue": "", "traceback": []}


def report_so_far(
    recorder: Recorder, outputs: OutputFiles, files: list[dict[str, Any]], milliseconds: int, is_new_session: bool
) -> dict[str, Any]:
    """What a run has written, displayed and stored up to now. `omitted` counts what has no room in a report."""
    report = empty_report(shell.execution_count - 1, is_new_session)
    report["milliseconds"] = milliseconds
    with recorder.lock:
        displays, omitted = recorder.displays, recorder.omitted_displays
        for name, text in recorder.streams.items():
            _put_text(report, name, text)
    report["outputs"] = outputs.update(displays)
    report["files"] = files[:MAX_FILES]
    if omitted:
        report["omitted"]["outputs"] = omitted
    if len(files) > MAX_FILES:
        report["omitted"]["files"] = len(files) - MAX_FILES
    return report


def put_ending(report: dict[str, Any], recorder: Recorder, reply: dict[str, Any]) -> None:
    """Adds the value of a run, or the error that it ended with. `reply` is the kernel's."""
    ended = shell.last_execution_result
    report["status"] = reply.get("status", "error")
    report["executionCount"] = shell.execution_count - 1
    if report["status"] == "ok":
        if recorder.result is not None and ended is not None:
            _put_value(report, recorder.result, ended.result)
        return
    shown = recorder.error or reply
    lines = [
        str(frame)[:MAX_ERROR_CHARACTERS] for frame in shown.get("traceback") or () if _INTERRUPT not in str(frame)
    ]
    report["shown"] = [str(shown.get("evalue", ""))[:MAX_ERROR_CHARACTERS], lines]
    failure = ended and (ended.error_before_exec or ended.error_in_exec)
    if failure:
        report["error"] = describe_error(failure, report["isNewSession"])
    else:  # it failed before it ran, as text does that is not Unicode
        name = str(shown.get("ename", "Error"))
        report["error"] = {"name": name, "message": report["shown"][0], "traceback": ""}


def _put_text(report: dict[str, Any], name: str, text: Text) -> None:
    report[name], omitted = text.read()
    if omitted:
        report["omitted"][name] = omitted


def _put_value(report: dict[str, Any], shown: str, value: Any) -> None:
    if is_part_of_a_figure(value):
        return
    text = Text(is_raw=True)
    text.write(value if type(value) is str else shown)  # a string without the quotes that IPython shows
    _put_text(report, "result", text)
    try:
        report["value"] = to_json(value)
    except TooLarge:
        report["omitted"]["value"] = 1
    except BaseException:
        pass  # it is not JSON


def flush_streams() -> None:
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except Exception:
            pass


def current_request() -> Any:
    """The message that the kernel is answering."""
    return kernel.get_parent("shell") if hasattr(kernel, "get_parent") else kernel._parent_header


def send_line(request: Any, asked: dict[str, Any], text: str) -> None:
    """One line on stdout. Where the pool would truncate it, it refers to the record."""
    if len(text) > asked["longest"]:
        text = encode(IN_RECORD)
    line = REPORT_MARK + asked["nonce"] + text + "\n"
    original_send(kernel.iopub_socket, "stream", {"name": "stdout", "text": line}, request, ident=b"stream.stdout")
