"""What a run made, as the harness in its session reports it."""

import re
from typing import Literal

from ..harness.report import Report, ReportedFile, Told
from ..pool_wire import Run
from ..shapes import ABSENT, Execution, ExecutionError, File, Output
from .bare_run import stopped_error
from .files import content_type

_ANSI = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
_FLAGS = ("result", "value", "stdout", "stderr", "outputs", "files")


def reported_execution(
    session_id: str, execution_id: str, report: Report, told: Told | None, run: Run | None
) -> Execution:
    """`told` and `run` are what came with the report in one answer; a record that is read again has neither.

    What processes write past Python does not come by the report, and is put before what does.
    """
    shown_error = _ANSI.sub("", report.shown_error)
    stdout = (told.beside if told else "") + report.stdout
    stderr = (_beside_error(run.stderr, shown_error) if run else "") + report.stderr + shown_error
    # The pool knows that it stopped a run; code may have swallowed the interrupt.
    error = stopped_error(run.stderr) if run and run.status == "Failed" else None
    if error is None and not report.is_ok:
        error = _error(report, stderr)
    return Execution(
        session_id,
        execution_id,
        "Failed" if error else "Succeeded",
        result=report.result,
        value=report.value if report.has_value else ABSENT,
        stdout=stdout,
        stderr=stderr,
        error=error,
        outputs=[
            Output(output.content_type, output.content, output.title, output.file_name) for output in report.outputs
        ],
        files=[_file(file) for file in report.files],
        duration_in_milliseconds=report.milliseconds,
        execution_count=report.execution_count,
        is_new_session=report.is_new_session,
        truncated={name: True for name in _FLAGS if report.missing.get(name)} or None,
    )


def _beside_error(stderr: str, shown_error: str) -> str:
    """The pool puts the exception behind stderr, where the report has it too."""
    shown = shown_error.strip()
    return stderr.replace(shown, "").rstrip("\n") if shown and shown in stderr else stderr


def _error(report: Report, stderr: str) -> ExecutionError:
    told = report.error
    if told is None:  # as for a magic command that fails
        last = stderr.strip().rpartition("\n")[2]
        return ExecutionError("Error", last[-1000:] or "The run failed, and did not say why.")
    return ExecutionError(told.name, told.message, line=told.line, traceback=told.traceback or None, hint=told.hint)


def _file(file: ReportedFile) -> File:
    folder, _, name = file.path.rpartition("/")
    change: Literal["Created", "Changed"] = "Created" if file.is_new else "Changed"
    return File(name, folder, file.size, content_type(name), file.modified, change)
