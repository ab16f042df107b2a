"""ExecutePythonCode and GetExecution."""

import re
from typing import Any

from ..identity import check_session_id, mint_execution_id, mint_session_id, pool_identifier
from ..session_pool import STREAM_CHARACTERS, Run, RunLost, SessionPoolClient
from ..shapes import Execution, ExecutionError, Output

DEFAULT_TIMEOUT_SECONDS = 90
# "KeyError: ", with or without a module in front, at the start of a line.
_ERROR_LINE = re.compile(r"^(?P<name>[A-Za-z_][\w.]*): ?", re.MULTILINE)
_CELL_LINE = re.compile(r"^\s*Cell In\[(\d+)\], line (\d+)", re.MULTILINE)
_TRACEBACK_START = re.compile(r"-{70,}$| {2}Cell In\[\d+\], line \d+|An exception has occurred, use %tb", re.MULTILINE)


def execute_python_code(
    pool: SessionPoolClient,
    *,
    python_code: str,
    session_id: str | None = None,
    timeout_in_seconds: int = DEFAULT_TIMEOUT_SECONDS,
) -> Execution:
    """Runs the code once. Code that fails is an Execution too; an error is raised only when it surely did not run."""
    session_id = check_session_id(session_id) if session_id else mint_session_id()
    execution_id = mint_execution_id()
    try:
        run = pool.execute_code(
            pool_identifier(session_id), python_code, execution_id=execution_id, timeout_seconds=timeout_in_seconds
        )
    except RunLost:
        return Execution(session_id, execution_id, "Unknown", error=_LOST)
    return _execution(session_id, execution_id, run)


def get_execution(pool: SessionPoolClient, *, session_id: str, execution_id: str) -> Execution:
    """A run again, by its id. Raises ExecutionNotFound."""
    run = pool.get_execution(pool_identifier(check_session_id(session_id)), execution_id)
    return _execution(session_id, execution_id, run)


_LOST = ExecutionError(
    "ConnectionLost",
    "The connection to the session broke off after the code was handed over: it may have run, or not.",
    hint="Ask for this execution ID with GetExecution. Run the code again only if that finds no such run, or if "
    "running it twice does no harm.",
)


def _execution(session_id: str, execution_id: str, run: Run) -> Execution:
    truncated = {
        name: True for name, text in (("stdout", run.stdout), ("stderr", run.stderr)) if len(text) >= STREAM_CHARACTERS
    }
    return Execution(
        session_id,
        execution_id,
        run.status,
        result=_result(run),
        value=run.value if isinstance(run.value, (int, float)) else None,
        stdout=run.stdout,
        stderr=run.stderr,
        error=_error(run.stderr) if run.status == "Failed" else None,
        outputs=_outputs(run.value),
        duration_in_milliseconds=run.milliseconds,
        truncated=truncated or None,
    )


def _result(run: Run) -> str:
    """The last expression's value as text. The pool gives numbers as JSON, and null for what JSON cannot say: nan."""
    if isinstance(run.value, str):
        return run.value
    if isinstance(run.value, (int, float)):
        return str(run.value)
    return "nan" if run.value is None and run.status == "Succeeded" else ""


def _outputs(value: Any) -> list[Output]:
    """The one figure that the pool returns."""
    if not isinstance(value, dict) or value.get("type") != "image" or not isinstance(value.get("base64_data"), str):
        return []
    return [Output(f"image/{value.get('format', 'png')}", value["base64_data"])]


def _error(stderr: str) -> ExecutionError:
    """What the end of stderr tells: the pool puts the exception's message and IPython's traceback there."""
    for words, name, hint in _STOPPED:
        sentence = stderr[stderr.rfind(words) :].strip() if words in stderr else ""
        if sentence and "\n" not in sentence:
            return ExecutionError(name, sentence, hint=hint)
    start = _TRACEBACK_START.search(stderr)
    if start is None:
        return ExecutionError("Error", stderr.strip()[-1000:] or "The run failed, and the session did not say why.")
    traceback = stderr[start.start() :].strip()
    name, message = _name_and_message(stderr[: start.start()], traceback)
    return ExecutionError(name, message, line=_line(traceback), traceback=traceback)


def _name_and_message(before: str, traceback: str) -> tuple[str, str]:
    """The message stands twice, before the traceback and at its end, behind the exception's name."""
    name, message = "Error", before.strip()
    for found in _ERROR_LINE.finditer(traceback):
        name, message = found["name"], traceback[found.end() :].strip()
        if message and message in before:
            break
    return name, message


def _line(traceback: str) -> int | None:
    """The deepest line in the cell that was run; functions of earlier cells have cells of their own."""
    cells = _CELL_LINE.findall(traceback)
    return int([line for cell, line in cells if cell == cells[0][0]][-1]) if cells else None


_STOPPED = (
    (
        "Request timed out waiting for code execution",
        "TimeoutError",
        "Raise timeoutInSeconds (220 is the most), or do the work in parts: variables and files stay from run to run.",
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
