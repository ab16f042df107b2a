"""Makes an Execution of a report."""

import dataclasses
from typing import Literal

from ..content_types import content_type
from ..in_session.report import Report, Reported, ReportedFile
from ..models import ABSENT, OUTPUTS, Execution, ExecutionError, File, Output, unmistakable_folder
from ..session_pool.wire import Run
from .direct import stopped_error
from .hints import remarks_on, with_hint
from .hints.memory import with_memory_limit
from .merged_streams import merged_streams
from .notices import joined, notices_of
from .outcomes import CANCELED, CANCELED_WITH_INTERPRETER, INTERPRETER_ENDED, TIMED_OUT
from .terminal import with_cells, without_escapes

_FLAGS = ("result", "value", "stdout", "stderr", "outputs", "files")


def execution_of(
    session_id: str, execution_id: str, report: Report, reported: Reported | None = None, run: Run | None = None
) -> Execution:
    """`reported` and `run` are those of the pool's response if the report was part of it, not of a record.

    What subprocesses write directly is in the pool's streams, not in the report. It is put before the report's text.
    """
    stdout, stderr = merged_streams(report, reported, run)
    # The pool reports that it stopped a run even if the code swallowed the interrupt.
    stopped = stopped_error(run.stderr) if run and run.status == "Failed" else None
    error = stopped if report.ended_by == "died" and stopped else _stop_error(report) or stopped
    if error is stopped and error is not None and report.error is not None and report.ended_by != "died":
        error = dataclasses.replace(error, line=report.error.line, traceback=report.error.traceback)
    if error is None and not report.is_ok:
        error = report.error or _last_line(stderr)
    if error is not None:
        error = _readable(error, report.cells)
        error = with_hint(error, report.failure_facts, is_new_session=report.is_new_session)
    written = f"{stdout}\n{stderr}"
    execution = Execution(
        session_id,
        execution_id,
        "Canceled" if report.ended_by == "canceled" else "Failed" if error else "Succeeded",
        result=without_escapes(report.result),
        value=report.value if report.has_value else ABSENT,
        stdout=stdout,
        stderr=stderr,
        error=error,
        outputs=_outputs(execution_id, report),
        files=[_file(file) for file in report.files],
        duration_in_milliseconds=report.milliseconds,
        execution_count=report.execution_count,
        is_new_session=report.is_new_session,
        notice=joined([*notices_of(report), *remarks_on(written, report.output_facts, has_failed=error is not None)]),
        truncated=_truncated(report),
    )
    return with_memory_limit(execution, report.memory_limit)


def running_execution(session_id: str, execution_id: str, progress: Report) -> Execution:
    """The execution with what it has produced so far."""
    stdout, stderr = merged_streams(progress)
    return Execution(
        session_id,
        execution_id,
        "Running",
        stdout=stdout,
        stderr=stderr,
        outputs=_outputs(execution_id, progress),
        files=[_file(file) for file in progress.files],
        duration_in_milliseconds=progress.milliseconds,
        notice=joined(notices_of(progress)),
        truncated=_truncated(progress),
    )


def _outputs(execution_id: str, report: Report) -> list[Output]:
    """Each with the folder of its file, if it has one."""
    folder = f"{OUTPUTS}/{execution_id}"
    return [
        dataclasses.replace(_readable_output(output), folder=output.file_name and folder) for output in report.outputs
    ]


def _truncated(report: Report) -> dict[str, bool] | None:
    omitted = {name for name in _FLAGS if report.omitted.get(name)}
    if any(output.content is None for output in report.outputs):
        omitted.add("outputs")
    return {name: True for name in _FLAGS if name in omitted} or None


def _stop_error(report: Report) -> ExecutionError | None:
    """Why a deferred run did not end normally, and in which line."""
    match report.ended_by:
        case "canceled":
            error = CANCELED_WITH_INTERPRETER if report.interpreter_ended else CANCELED
        case "timeout":
            error = TIMED_OUT
        case "died":
            return INTERPRETER_ENDED
        case _:
            return None
    if report.error is None:
        return error
    return dataclasses.replace(error, line=report.error.line, traceback=report.error.traceback)


def _readable(error: ExecutionError, cells: dict[str, int]) -> ExecutionError:
    message = with_cells(without_escapes(error.message), cells)
    traceback = None if error.traceback is None else with_cells(without_escapes(error.traceback), cells)
    return dataclasses.replace(error, message=message, traceback=traceback)


def _readable_output(output: Output) -> Output:
    if output.content_type != "text/plain" or output.content is None:
        return output
    return dataclasses.replace(output, content=without_escapes(output.content))


def _last_line(stderr: str) -> ExecutionError:
    """The error of a failed run whose report has none."""
    last = stderr.strip().rpartition("\n")[2]
    return ExecutionError("Error", last[-1000:] or "The run failed without an error message.")


def _file(file: ReportedFile) -> File:
    folder, _, name = file.path.rpartition("/")
    change: Literal["Created", "Changed"] | None = "Created" if file.is_new else "Changed"
    if file.is_new is None:
        change = None
    return File(name, unmistakable_folder(folder), file.size, content_type(name), file.modified, change)
