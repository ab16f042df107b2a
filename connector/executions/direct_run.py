"""What a run made, as far as the pool alone tells it: one string or one figure, streams, and an error as text."""

import contextlib
import json
import math
import re
from typing import Any

from ..errors import ExecutionNotFound, InvalidRequest
from ..models import ABSENT, Execution, ExecutionError, Output
from ..session_pool.hand_over import RunLost
from ..session_pool.wire import STREAM_CHARACTERS, Run
from .calls import Call, followed

# IPython writes 75 dashes, and below them the error's name, for each error of a chain; of a syntax error it gives the
# place at once.
_START = re.compile(r"-{75}\n(?=[^\W\d]\w* *Traceback \(most recent call last\)$)", re.MULTILINE)
_HEADER = re.compile(r"^(?P<name>[^\W\d]\w*?) *Traceback \(most recent call last\)$", re.MULTILINE)
_SYNTAX_ERROR = re.compile(r" {2}Cell In\[\d+\], line \d+\n")
_CELL_LINE = re.compile(r"^ {0,2}Cell In\[(\d+)\], line (\d+)", re.MULTILINE)
_LAST_WORDS = re.compile(r"^(?P<name>[^\W\d]\w*): ?(?P<message>.*)", re.MULTILINE)
_TRIES = 20
_READ_CHARACTERS = 100_000
"""Of a stderr that may have a million, the last: the traceback is at the end."""


LONGEST_RUN_SECONDS = 220
"""Of the pool's own runs."""


def bare(call: Call, *, is_repeatable: bool = False) -> Execution:
    """A run as the pool makes it, in one call; or in the pool's asynchronous mode, where the caller does not wait as
    long and the version has that mode. Such a run may not see the session's variables.

    A call that `is_repeatable` is answered with an earlier run of its id, if there is one. Raises InvalidRequest.
    """
    if call.timeout_seconds > LONGEST_RUN_SECONDS:
        raise InvalidRequest(
            f"timeoutInSeconds is {call.timeout_seconds}, and {LONGEST_RUN_SECONDS} is the most here: runs of this "
            "connector, or of this session's language, are made by the pool alone. Do the work in parts.",
            target="timeoutInSeconds",
        )
    is_asynchronous = call.timeout_seconds > call.wait_seconds and call.session.pool.keeps_runs

    def tell() -> Execution:
        run = call.session.get_execution(call.execution_id)
        return bare_execution(call.session.id, call.execution_id, run)

    try:
        if is_repeatable:
            with contextlib.suppress(ExecutionNotFound):
                earlier = tell()
                is_over = earlier.status != "Running" or not is_asynchronous
                return earlier if is_over else followed(call, tell, call.wait_seconds)
        run = call.run(call.code, may_repeat=False, is_asynchronous=is_asynchronous)
    except RunLost:
        return call.lost()
    if run.status == "Running":
        return followed(call, tell, call.wait_seconds)
    return bare_execution(call.session.id, call.execution_id, run)


def bare_execution(session_id: str, execution_id: str, run: Run) -> Execution:
    result = _result(run)
    cut = {*run.cut, *(["result"] if len(result) > STREAM_CHARACTERS else [])}
    is_number = isinstance(run.value, (int, float)) and math.isfinite(run.value)
    return Execution(
        session_id,
        execution_id,
        run.status,
        result=result[:STREAM_CHARACTERS],
        value=run.value if is_number else ABSENT,
        stdout=run.stdout[:STREAM_CHARACTERS],
        stderr=run.stderr[:STREAM_CHARACTERS],
        error=error_of(run.stderr, is_cut="stderr" in cut) if run.status == "Failed" else None,
        outputs=_outputs(run.value),
        duration_in_milliseconds=run.milliseconds,
        truncated={name: True for name in ("result", "stdout", "stderr") if name in cut} or None,
    )


def _result(run: Run) -> str:
    """The last expression's value as text. The pool gives numbers as JSON, and null for what JSON cannot say: nan."""
    if isinstance(run.value, str):
        return run.value
    if isinstance(run.value, (int, float)):
        return str(run.value)
    if run.value is None:
        return "nan" if run.status == "Succeeded" else ""
    return "" if _outputs(run.value) else json.dumps(run.value)


def _outputs(value: Any) -> list[Output]:
    """The one figure that the pool returns."""
    if not isinstance(value, dict) or value.get("type") != "image" or not isinstance(value.get("base64_data"), str):
        return []
    return [Output(f"image/{value.get('format', 'png')}", value["base64_data"])]


def error_of(stderr: str, *, is_cut: bool) -> ExecutionError:
    """What the end of stderr tells: the pool puts the exception's message and IPython's traceback there."""
    text = stderr[-_READ_CHARACTERS:].rstrip()
    if start := _START.search(text):
        traceback = text[start.start() :]
        name = list(_HEADER.finditer(traceback))[-1]["name"]
        message = _message(name, text[: start.start()], traceback)
        return ExecutionError(name, message, line=_line(traceback), traceback=traceback)
    if place := _SYNTAX_ERROR.search(text):
        traceback = text[place.start() :]
        name, message = _last_words(traceback)
        return ExecutionError(name, message, line=_line(traceback), traceback=traceback)
    stopped = stopped_error(text)
    if stopped is not None:
        return stopped
    if is_cut:
        return ExecutionError("Error", "The run failed. It wrote so much to stderr that the error is cut off.")
    return ExecutionError(*_last_words(text))


def stopped_error(stderr: str) -> ExecutionError | None:
    """What the pool says at the end of stderr when it stopped a run, or the run its interpreter."""
    text = stderr.rstrip()
    for beginning, name, hint in _STOPPED:
        sentence = text[text.rfind(beginning) :] if beginning in text else ""
        if sentence and "\n" not in sentence:
            return ExecutionError(name, sentence, hint=hint)
    return None


def _message(name: str, before: str, traceback: str) -> str:
    """The message stands twice: before the traceback, and at its end behind the error's name. It may have lines."""
    start = -1
    for _ in range(_TRIES):
        start = traceback.find(f"\n{name}: ", start + 1)
        if start < 0:
            break
        message = traceback[start + len(name) + 3 :].strip()
        if before.endswith(message):
            return message
    return _last_words(traceback)[1]


def _last_words(text: str) -> tuple[str, str]:
    """Name and message of the last line that has both, else all there is."""
    found = list(_LAST_WORDS.finditer(text))
    if found:
        return found[-1]["name"], found[-1]["message"].strip()
    return "Error", text.strip()[-1000:] or "The run failed, and the session did not say why."


def _line(traceback: str) -> int | None:
    """The deepest line in the cell that was run; functions of earlier cells have cells of their own."""
    cells = _CELL_LINE.findall(traceback)
    return int([line for cell, line in cells if cell == cells[0][0]][-1]) if cells else None


_STOPPED = (
    (
        "Request timed out waiting for code execution",
        "TimeoutError",
        "Raise timeoutInSeconds, or do the work in parts: variables and files stay from run to run.",
    ),
    (
        "Kernel restarted",
        "KernelRestarted",
        "The code ended its own interpreter, or needed more memory than there is. Files are kept; run the code that "
        "makes the variables again.",
    ),
    (
        "Execution aborted",
        "ExecutionAborted",
        "The session stopped the run. Run the code again, if needed in smaller parts.",
    ),
)
