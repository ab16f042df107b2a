"""What a run made, as the harness in its session reports it."""

import re
from typing import Literal

from ..files.names import content_type
from ..in_session.report import Report, ReportedFile, Told
from ..models import ABSENT, Execution, ExecutionError, File
from ..session_pool.wire import Run
from .direct_run import stopped_error
from .endings import CANCELED, TIMED_OUT, died

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
    error = _ended_by(report) or (stopped_error(run.stderr) if run and run.status == "Failed" else None)
    if error is None and not report.is_ok:
        error = report.error or _last_words(stderr)
    return Execution(
        session_id,
        execution_id,
        "Canceled" if error is CANCELED else "Failed" if error else "Succeeded",
        result=report.result,
        value=report.value if report.has_value else ABSENT,
        stdout=stdout,
        stderr=stderr,
        error=error,
        outputs=report.outputs,
        files=[_file(file) for file in report.files],
        duration_in_milliseconds=report.milliseconds,
        execution_count=report.execution_count,
        is_new_session=report.is_new_session,
        notice=_notice(report),
        truncated={name: True for name in _FLAGS if report.missing.get(name)} or None,
    )


def _ended_by(report: Report) -> ExecutionError | None:
    """Why a detached run did not come to its own end."""
    match report.ended_by:
        case "canceled":
            return CANCELED
        case "timeout":
            return TIMED_OUT
        case "died":
            return died(report.signal)
    return None


def _notice(report: Report) -> str | None:
    """Of variables that did not come back from a run that had copies of them."""
    sentences = []
    if report.not_returned:
        sentences.append(
            f"The run went on by itself, with copies of the session's variables, and these cannot be brought back into "
            f"the session: {_names(report.not_returned)}. Save such things to files in the run itself."
        )
    if report.not_taken_over:
        sentences.append(
            "A run before this one, which went on by itself, has left values that were not taken over, because these "
            f"were set or changed meanwhile or cannot be read here: {_names(report.not_taken_over)}."
        )
    return " ".join(sentences) or None


def _names(names: list[str]) -> str:
    more = f" and {len(names) - 20} more" if len(names) > 20 else ""
    return ", ".join(name[:100] for name in names[:20]) + more


def _beside_error(stderr: str, shown_error: str) -> str:
    """The pool puts the exception behind stderr, where the report has it too."""
    shown = shown_error.strip()
    return stderr.replace(shown, "").rstrip("\n") if shown and shown in stderr else stderr


def _last_words(stderr: str) -> ExecutionError:
    """Of a report that has no error, where it should."""
    last = stderr.strip().rpartition("\n")[2]
    return ExecutionError("Error", last[-1000:] or "The run failed, and did not say why.")


def _file(file: ReportedFile) -> File:
    folder, _, name = file.path.rpartition("/")
    change: Literal["Created", "Changed"] = "Created" if file.is_new else "Changed"
    return File(name, folder, file.size, content_type(name), file.modified, change)
