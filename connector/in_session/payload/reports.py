"""The report of a run: everything that the connector learns about it, as JSON."""

from __future__ import annotations

import re
import sys
from typing import Any

from ..protocol import MAX_ERROR_CHARACTERS, MAX_FILES, REPORT_MARK, empty_report
from .errors import describe_error
from .facts import facts_of_output
from .figures import show_open_figures
from .host import basename, encode, getpid, kernel, original_send, shell
from .line_buffering import is_kernels
from .outputs import OutputFiles
from .recorder import Recorder, recording
from .streams import Text, bounded
from .tables import is_part_of_a_figure
from .values import Budget, TooLarge, to_json

IN_RECORD = {"isInRecord": True}
"""Sent instead of a report that is in the execution record."""

_INTERRUPT = "DeferredRun._on_interrupt"
"""The payload's function that raises KeyboardInterrupt. Its frame is removed from the traceback that IPython shows."""

_EXPLAINED = ("missing from ", "No matching distribution")
"""What a run has written if there are facts that explain it."""

_FILE_NUMBER = re.compile(r"(?<![\w.])(\d+)\.py\b")

INTERRUPTED = {"status": "error", "ename": "KeyboardInterrupt", "evalue": "", "traceback": []}


def report_so_far(
    recorder: Recorder, outputs: OutputFiles, files: list[dict[str, Any]], milliseconds: int, is_new_session: bool
) -> dict[str, Any]:
    """What a run has written, displayed and stored so far. `omitted` counts what did not fit into the report."""
    report = empty_report(shell.execution_count - 1, is_new_session)
    report["milliseconds"] = milliseconds
    with recorder.lock:
        displays, omitted = recorder.displays, recorder.omitted_displays
        for name, text in recorder.streams.items():
            _put_text(report, name, text)
    report["outputs"], unlisted = outputs.update(displays)
    _put_cells(report, [report["stdout"], report["stderr"]])
    report["files"] = files[:MAX_FILES]
    if unlisted + omitted:
        report["omitted"]["outputs"] = unlisted + omitted
    if omitted + outputs.not_stored:
        report["omitted"]["unstoredOutputs"] = omitted + outputs.not_stored
    if len(files) > MAX_FILES:
        report["omitted"]["files"] = len(files) - MAX_FILES
    return report


def _put_cells(report: dict[str, Any], texts: list[str]) -> None:
    """Adds the numbers of the cells whose temporary files the texts mention, by the number in the file's name."""
    if any(".py" in text for text in texts):
        files = {basename(file)[:-3]: number for file, number in getattr(shell.compile, "_filename_map", {}).items()}
        found = {digits for text in texts for digits in _FILE_NUMBER.findall(text) if digits in files}
        if found:
            report["cells"] = {**report.get("cells", {}), **{digits: files[digits] for digits in found}}


def put_ending(report: dict[str, Any], recorder: Recorder, reply: dict[str, Any]) -> None:
    """Adds the value of a run, or the error that it ended with. `reply` is the kernel's."""
    outcome = shell.last_execution_result
    report["status"] = reply.get("status", "error")
    written = report["stdout"] + report["stderr"]
    facts = facts_of_output(written) if any(sign in written for sign in _EXPLAINED) else {}
    if facts:
        report["facts"] = facts
    report["executionCount"] = shell.execution_count - 1
    failure = outcome and (outcome.error_before_exec or outcome.error_in_exec)
    is_ok = report["status"] == "ok"
    if type(sys.stdout).__module__ == "_io" and sys.stdout is not sys.__stdout__:  # a file, or in memory
        report["stdoutReplaced"] = True
    if is_ok and recorder.result is not None and outcome is not None:
        _put_value(report, recorder.result, outcome.result)
    shown = recorder.error or reply
    # The code of a run that is ok may have failed while its value was displayed.
    if not is_ok or (recorder.error and not failure):
        frames = [str(frame) for frame in shown.get("traceback") or () if _INTERRUPT not in str(frame)]
        texts = [str(shown.get("evalue", "")), *frames]
        if any(len(text) > MAX_ERROR_CHARACTERS for text in texts):
            report["omitted"].setdefault("stderr", 1)
        message, *lines = (bounded(text, MAX_ERROR_CHARACTERS) for text in texts)
        report["shown"] = [message, lines]
        _put_cells(report, [report["shown"][0], *lines])
    if is_ok:
        pass
    elif failure:
        report["error"] = describe_error(failure)
    else:  # it failed before it ran, such as code that is not valid Unicode
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
    budget = Budget()
    try:
        report["value"] = to_json(value, budget=budget)
    except TooLarge:
        budget.is_exceeded = True
    except BaseException:
        return  # it is not JSON
    if budget.is_exceeded:
        report["omitted"]["value"] = 1


def finish_displays(reply: dict[str, Any]) -> None:
    """After an interrupt, drawing could take too long: then open figures are left to the next run."""
    if reply.get("ename") != "KeyboardInterrupt" and getpid() == recording.process:
        show_open_figures()
    flush_streams()


def flush_streams(*, only_kernels: bool = False) -> None:
    """From another thread than that of the code, flush `only_kernels`: others may be locked while they write."""
    for stream in (sys.stdout, sys.stderr, sys.__stdout__, sys.__stderr__):
        if only_kernels and not is_kernels(stream):
            continue
        try:
            stream.flush()  # type: ignore[union-attr]
        except Exception:
            pass


def encoded(report: dict[str, Any], recorder: Recorder) -> tuple[str, str]:
    """The report for the record, and for stdout: without the text that has been sent before."""
    seams = {name: text.seam() for name, text in recorder.streams.items()}
    others = encode({name: member for name, member in report.items() if name not in seams})[:-1]
    complete, rest = others, others
    for name, (start, before) in seams.items():
        complete += f', "{name}": {encode(report[name])}'
        rest += f', "{name}": {encode(before + report[name][start:])}'
    return complete + "}", rest + "}"


def send_report(parent: Any, request: dict[str, Any], rest: str, recorder: Recorder) -> None:
    """If the line would be so long that the pool may truncate it, it refers to the record."""
    if len(rest) > request["longest"] - recorder.forwarded:
        seams = {name: text.seam() for name, text in recorder.streams.items()}
        rest = encode({**IN_RECORD, "seams": seams})
    send_line(parent, request, rest)


def current_parent() -> Any:
    """The message that the kernel is handling: the parent of those that it sends."""
    return kernel.get_parent("shell") if hasattr(kernel, "get_parent") else kernel._parent_header


def send_line(parent: Any, request: dict[str, Any], text: str) -> None:
    """Writes one line to stdout."""
    line = REPORT_MARK + request["nonce"] + text + "\n"
    original_send(kernel.iopub_socket, "stream", {"name": "stdout", "text": line}, parent, ident=b"stream.stdout")
