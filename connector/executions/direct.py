"""Direct runs: made and reported by the pool alone, without the payload.

The pool returns one string or one figure, two streams, and an error as text.
"""

import binascii
import contextlib
import json
import math
import re
import time
from dataclasses import replace
from typing import Any

from ..errors import ConnectorError, ExecutionNotFound, InvalidRequest
from ..in_session.protocol import LARGEST_EXACT_INTEGER
from ..models import ABSENT, Execution, ExecutionError, Output
from ..session_pool.hand_over import RunLost
from ..session_pool.wire import STREAM_CHARACTERS, Run
from .call import Call
from .hints import remarks_on, with_hint
from .notices import joined
from .outcomes import INTERPRETER_ENDED
from .terminal import shown, with_cells, without_escapes

# For each error of a chain, IPython writes 75 dashes, and below them the error's name. For a syntax error, it begins
# with the line.
_START = re.compile(r"-{75}\n(?=[^\W\d]\w* *Traceback \(most recent call last\)$)", re.MULTILINE)
_HEADER = re.compile(r"^(?P<name>[^\W\d]\w*?) *Traceback \(most recent call last\)$", re.MULTILINE)
_UNREADABLE = r" {2}(?:Cell In\[\d+\], line|File <(?:tokenize|string)>:) ?\d+\n"
"""The second form is that of a cell whose indentation IPython cannot read, by Python 3.11, and from 3.12 on."""

_SYNTAX_ERROR = re.compile(_UNREADABLE)
_UNREADABLE_LINE = re.compile(r"^ {2}File <(?:tokenize|string)>:(\d+)$", re.MULTILINE)
_CELL_LINE = re.compile(r"^ {0,2}Cell In\[(\d+)\], line (\d+)", re.MULTILINE)
_NAME_AND_MESSAGE = re.compile(r"^(?P<name>[^\W\d]\w*): ?(?P<message>.*)", re.MULTILINE)
_EXIT = re.compile(r"An exception has occurred, use %tb to see the full traceback\.\n\n(\w+)(?:: (.*))?\Z", re.DOTALL)
_GROUP = re.compile(r"^ {2}\| ([\w.]+): (.* \(\d+ sub-exceptions?\))$", re.MULTILINE)
_GROUP_START = "  + Exception Group Traceback (most recent call last):\n"
_GROUP_LINE = re.compile(r'^ {2}\| {3}File "(?:<cell>|Cell In\[\d+\])", line (\d+)', re.MULTILINE)
"""IPython writes groups of exceptions, and exits, in forms of their own."""

_GLUED = re.compile(
    f"(?<=[^\n])(?={_START.pattern})|(?<=\\))(?={_UNREADABLE})|(?<=[^\n])(?=An exception has occurred, use %tb)",
    re.MULTILINE,
)
"""Where the pool appends a traceback to the message, without a line break."""

_SYNTAX_ERROR_FILE = re.compile(r"\(\d{5,}\.py, line (\d+)\)")
_IMAGE_FORMAT = re.compile(r"[a-z0-9][a-z0-9.+-]{0,40}")
_FIRST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS = 0.05, 2.0
_PAUSE_AFTER_FAILURE_SECONDS = 1.0
_MAX_MESSAGE_CANDIDATES = 20
_READ_CHARACTERS = 100_000
"""From the end of stderr, where the traceback is."""


LONGEST_RUN_SECONDS = 220
"""The pool's own limit."""


def run_directly(call: Call, *, is_repeatable: bool = False) -> Execution:
    """Runs the code in one call of the pool, with the timeout for such runs. If the caller does not wait that long, the
    call is asynchronous where the api-version supports this; such a run may not see the session's variables.

    A call that `is_repeatable` returns an earlier run of its execution ID, if there is one. Raises InvalidRequest.
    """
    if call.direct_timeout_seconds is not None:
        call = replace(call, timeout_seconds=call.direct_timeout_seconds)
    if call.timeout_seconds > LONGEST_RUN_SECONDS:
        raise InvalidRequest(
            f"timeoutInSeconds must be at most {LONGEST_RUN_SECONDS} where code runs without rich results, and is "
            f"{call.timeout_seconds}. Split the work into several runs.",
            target="timeoutInSeconds",
        )
    is_asynchronous = call.timeout_seconds > call.wait_seconds and call.session.pool.keeps_runs
    if call.timeout_seconds > call.wait_seconds and not is_asynchronous:  # the result cannot be found later
        deadline = call.session.deadline_of_execution(call.timeout_seconds)
        call = replace(call, session=call.session.with_deadline(deadline))
    try:
        if is_repeatable:
            with contextlib.suppress(ExecutionNotFound):
                earlier = _current(call)
                is_final = earlier.status != "Running" or not is_asynchronous
                return earlier if is_final else _follow(call)
        run = call.session.with_reserve().execute_code(
            call.code,
            execution_id=call.execution_id,
            timeout_seconds=call.timeout_seconds,
            is_asynchronous=is_asynchronous,
        )
    except RunLost:
        return call.lost()
    if run.status == "Running":
        return _follow(call)
    return direct_execution(call.session.id, call.execution_id, run)


def is_refusal(run: Run) -> bool:
    """Whether the session cannot run the payload, because its language or its interpreter is a different one."""
    return run.status == "Failed" and ("get_ipython" in run.stderr or "SyntaxError" in run.stderr)


def _current(call: Call) -> Execution:
    run = call.session.get_execution(call.execution_id)
    return direct_execution(call.session.id, call.execution_id, run)


def _follow(call: Call) -> Execution:
    """An asynchronous run when it has ended, or its state when the caller stops waiting. The pool has accepted it, so
    errors of the pool are waited out.
    """
    last, pause = call.running(), _FIRST_PAUSE_SECONDS
    while True:
        try:
            last = _current(call)
        except ExecutionNotFound:  # its session has ended since
            return call.lost()
        except ConnectorError:
            pause = max(pause, _PAUSE_AFTER_FAILURE_SECONDS)
        left = call.until - time.monotonic()
        if last.status != "Running" or left <= 0:
            return last
        time.sleep(min(pause, left))
        pause = min(pause * 1.5, _LONGEST_PAUSE_SECONDS)


def direct_execution(session_id: str, execution_id: str, run: Run) -> Execution:
    result = _result(run)
    truncated = {*run.truncated, *(["result"] if len(result) > STREAM_CHARACTERS else [])}
    stderr = _readable(run.stderr[:STREAM_CHARACTERS])
    return Execution(
        session_id,
        execution_id,
        run.status,
        result=without_escapes(result[:STREAM_CHARACTERS]),
        value=_value(run.value),
        stdout=with_cells(shown(run.stdout[:STREAM_CHARACTERS])),
        stderr=_GLUED.sub("\n", stderr),
        error=_error(run, is_truncated="stderr" in truncated) if run.status == "Failed" else None,
        outputs=_outputs(run.value),
        duration_in_milliseconds=run.milliseconds,
        notice=joined(remarks_on(f"{run.stdout}\n{run.stderr}", {}, has_failed=run.status == "Failed")),
        truncated={name: True for name in ("result", "stdout", "stderr") if name in truncated} or None,
    )


def _error(run: Run, *, is_truncated: bool) -> ExecutionError:
    return with_hint(error_of(_readable(run.stderr), is_truncated=is_truncated))


def _readable(stderr: str) -> str:
    return _SYNTAX_ERROR_FILE.sub(r"(<cell>, line \1)", with_cells(shown(stderr)))


def _value(value: Any) -> Any:
    """A number. An integer that many readers of JSON would round is text, as in other runs."""
    if isinstance(value, int):
        return value if abs(value) <= LARGEST_EXACT_INTEGER else str(value)
    return value if isinstance(value, float) and math.isfinite(value) else ABSENT


def _result(run: Run) -> str:
    """The last expression's value as text. The pool returns numbers as JSON, and null for nan, which JSON lacks."""
    if isinstance(run.value, str):
        return run.value
    if isinstance(run.value, (int, float)):
        return str(run.value)
    if run.value is None:
        return "nan" if run.status == "Succeeded" else ""
    if _outputs(run.value):
        return ""
    try:
        return json.dumps(run.value)
    except RecursionError:  # the pool returns no such values by itself
        return ""


def _outputs(value: Any) -> list[Output]:
    """The one figure that the pool returns."""
    if not isinstance(value, dict) or value.get("type") != "image":
        return []
    kind, content = value.get("format", "png"), value.get("base64_data")
    if not isinstance(kind, str) or not _IMAGE_FORMAT.fullmatch(kind) or not isinstance(content, str):
        return []
    try:
        binascii.a2b_base64(content.replace("\n", ""), strict_mode=True)
    except ValueError:  # code in the session can display anything as an image
        return []
    return [Output(f"image/{kind}", content)]


def error_of(stderr: str, *, is_truncated: bool) -> ExecutionError:
    """The error at the end of stderr, where the pool puts the exception's message and IPython's traceback."""
    text = stderr[-_READ_CHARACTERS:].rstrip()
    if start := _START.search(text):
        traceback = text[start.start() :]
        name = list(_HEADER.finditer(traceback))[-1]["name"]
        message = _message(name, text[: start.start()], traceback)
        return ExecutionError(name, message, line=_line(traceback), traceback=traceback)
    if place := _SYNTAX_ERROR.search(text):
        traceback = text[place.start() :]
        name, message = _last_line(traceback)
        return ExecutionError(name, message, line=_line(traceback), traceback=traceback)
    group = _GROUP.search(text, max(0, text.rfind(_GROUP_START)))
    if group and text.endswith("\n" + group[2]):
        traceback = text[text.rfind(_GROUP_START) :]
        lines = _GROUP_LINE.findall(text[: group.start()])
        return ExecutionError(group[1], group[2], line=int(lines[-1]) if lines else None, traceback=traceback)
    if exited := _EXIT.search(text):
        return ExecutionError(exited[1], exited[2] or "")
    stopped = stopped_error(text)
    if stopped is not None:
        return stopped
    if is_truncated:
        return ExecutionError("Error", "The run failed. It wrote so much to stderr that the error was truncated.")
    return ExecutionError(*_last_line(text))


def stopped_error(stderr: str) -> ExecutionError | None:
    """The pool's message at the end of stderr if it stopped the run, or if the run stopped its interpreter."""
    text = stderr.rstrip()
    for beginning, name, hint in _STOPPED:
        message = text[text.rfind(beginning) :] if beginning in text else ""
        if message and "\n" not in message:
            return ExecutionError(name, message, hint=hint)
    return None


def _message(name: str, before: str, traceback: str) -> str:
    """The message occurs twice: before the traceback, and at its end after the error's name. It may have several lines,
    so the longest text that occurs in both places is the message.
    """
    start = -1
    for _ in range(_MAX_MESSAGE_CANDIDATES):
        start = traceback.find(f"\n{name}: ", start + 1)
        if start < 0:
            break
        message = traceback[start + len(name) + 3 :].strip()
        if before.endswith(message):
            return message
    return _last_line(traceback)[1]


def _last_line(text: str) -> tuple[str, str]:
    """Name and message of the last line that has both; otherwise the end of the text."""
    matches = list(_NAME_AND_MESSAGE.finditer(text))
    if matches:
        return matches[-1]["name"], matches[-1]["message"].strip()
    return "Error", text.strip()[-1000:] or "The run failed without an error message."


def _line(traceback: str) -> int | None:
    """The innermost line in the cell that was run. Functions of earlier runs are in other cells."""
    unreadable = _UNREADABLE_LINE.match(traceback)
    if unreadable:
        return int(unreadable[1])
    cells = _CELL_LINE.findall(traceback)
    return int([line for cell, line in cells if cell == cells[0][0]][-1]) if cells else None


_STOPPED = (
    (
        "Request timed out waiting for code execution",
        "TimeoutError",
        "Raise timeoutInSeconds, or split the work into several runs, which share variables and files.",
    ),
    (
        "Kernel restarted",
        "KernelRestarted",
        INTERPRETER_ENDED.hint,
    ),
    (
        "Execution aborted",
        "ExecutionAborted",
        "The session stopped the run. Run the code again, in smaller steps if necessary.",
    ),
)
