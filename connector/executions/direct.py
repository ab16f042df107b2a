"""Direct runs: made and reported by the pool alone, without the payload.

The pool returns one string or one figure, two streams, and an error as text.
"""

import contextlib
import json
import math
import re
import time
from typing import Any

from ..errors import ConnectorError, ExecutionNotFound, InvalidRequest, PoolTimeout
from ..in_session.payload.streams import collapse_carriage_returns
from ..models import ABSENT, Execution, ExecutionError, Output
from ..session_pool.hand_over import RunLost
from ..session_pool.wire import STREAM_CHARACTERS, Run
from .call import Call

# IPython writes 75 dashes, and below them the error's name, for each error of a chain; of a syntax error it gives the
# place at once.
_START = re.compile(r"-{75}\n(?=[^\W\d]\w* *Traceback \(most recent call last\)$)", re.MULTILINE)
_HEADER = re.compile(r"^(?P<name>[^\W\d]\w*?) *Traceback \(most recent call last\)$", re.MULTILINE)
_SYNTAX_ERROR = re.compile(r" {2}Cell In\[\d+\], line \d+\n")
_CELL_LINE = re.compile(r"^ {0,2}Cell In\[(\d+)\], line (\d+)", re.MULTILINE)
_LAST_WORDS = re.compile(r"^(?P<name>[^\W\d]\w*): ?(?P<message>.*)", re.MULTILINE)
_FIRST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS = 0.05, 2.0
_PAUSE_AFTER_FAILURE_SECONDS = 1.0
_TRIES = 20
_READ_CHARACTERS = 100_000
"""Of a stderr that may have a million, the last: the traceback is at the end."""


LONGEST_RUN_SECONDS = 220
"""Of the pool's own runs."""


def run_directly(call: Call, *, is_repeatable: bool = False) -> Execution:
    """In one call of the pool, or in its asynchronous mode, where the caller does not wait as long and the version has
    that mode. Such a run may not see the session's variables.

    A call that `is_repeatable` returns an earlier run of its ID, if there is one. Raises InvalidRequest.
    """
    if call.timeout_seconds > LONGEST_RUN_SECONDS:
        raise InvalidRequest(
            f"timeoutInSeconds must be at most {LONGEST_RUN_SECONDS} where code runs without rich results, and is "
            f"{call.timeout_seconds}. Split the work into several runs.",
            target="timeoutInSeconds",
        )
    is_asynchronous = call.timeout_seconds > call.wait_seconds and call.session.pool.keeps_runs
    try:
        if is_repeatable:
            with contextlib.suppress(ExecutionNotFound):
                earlier = _as_it_is(call)
                is_over = earlier.status != "Running" or not is_asynchronous
                return earlier if is_over else _followed(call)
        run = call.run(call.code, may_repeat=False, is_asynchronous=is_asynchronous)
    except RunLost:
        return call.lost()
    if run.status == "Running":
        return _followed(call)
    return direct_execution(call.session.id, call.execution_id, run)


def is_refusal(run: Run) -> bool:
    """Whether the session cannot take the payload, because its language or its interpreter is another."""
    return run.status == "Failed" and ("get_ipython" in run.stderr or "SyntaxError" in run.stderr)


def _as_it_is(call: Call) -> Execution:
    run = call.session.get_execution(call.execution_id)
    return direct_execution(call.session.id, call.execution_id, run)


def _followed(call: Call) -> Execution:
    """An asynchronous run when it has ended, or as it is when the caller has waited. The pool has it, so errors of the
    pool are waited out.
    """
    until, last, pause = time.monotonic() + call.wait_seconds, call.running(), _FIRST_PAUSE_SECONDS
    while True:
        try:
            last = _as_it_is(call)
        except ExecutionNotFound:  # its session has ended since
            return call.lost()
        except PoolTimeout:  # one more would take longer than the caller waits
            return last
        except ConnectorError:
            pause = max(pause, _PAUSE_AFTER_FAILURE_SECONDS)
        left = until - time.monotonic()
        if last.status != "Running" or left <= 0:
            return last
        time.sleep(min(pause, left))
        pause = min(pause * 1.5, _LONGEST_PAUSE_SECONDS)


def direct_execution(session_id: str, execution_id: str, run: Run) -> Execution:
    result = _result(run)
    cut = {*run.truncated, *(["result"] if len(result) > STREAM_CHARACTERS else [])}
    is_number = isinstance(run.value, (int, float)) and math.isfinite(run.value)
    return Execution(
        session_id,
        execution_id,
        run.status,
        result=result[:STREAM_CHARACTERS],
        value=run.value if is_number else ABSENT,
        stdout=collapse_carriage_returns(run.stdout[:STREAM_CHARACTERS]),
        stderr=collapse_carriage_returns(run.stderr[:STREAM_CHARACTERS]),
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
    """Read from the end of stderr, where the pool puts the exception's message and IPython's traceback."""
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
    stopped = stopped_error(text)
    if stopped is not None:
        return stopped
    if is_cut:
        return ExecutionError("Error", "The run failed. It wrote so much to stderr that the error is cut off.")
    return ExecutionError(*_last_line(text))


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
    return _last_line(traceback)[1]


def _last_line(text: str) -> tuple[str, str]:
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
