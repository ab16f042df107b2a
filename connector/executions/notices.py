"""The `notice` of an execution: what was lost or is missing, and how to keep it, as one string of several sentences."""

from dataclasses import replace

from ..in_session.report import Report
from ..models import Execution
from .outcomes import (
    FILES_OUTSIDE_DATA,
    INTERPRETER_STOPPED,
    MORE_OUTPUTS,
    NOT_REPORTED,
    OUTPUTS_NOT_STORED,
    STDOUT_REPLACED,
)


def notices_of(report: Report) -> list[str]:
    """What a run's report gives notice of, in the order in which a reader needs it."""
    notices: list[str] = []
    if report.interpreter_ended:
        notices.append(NOT_REPORTED if report.ended_by == "died" else INTERPRETER_STOPPED)
    if report.stdout_is_replaced:
        notices.append(STDOUT_REPLACED)
    if report.home_files:
        notices.append(FILES_OUTSIDE_DATA.format(", ".join(report.home_files)))
    not_stored = report.omitted.get("unstoredOutputs", 0)
    more = report.omitted.get("outputs", 0) - not_stored
    if more > 0 and report.outputs:
        notices.append(MORE_OUTPUTS.format(more))
    if not_stored:
        notices.append(OUTPUTS_NOT_STORED.format(not_stored))
    return notices


def joined(notices: list[str]) -> str | None:
    return " ".join(notices) or None


def with_notice(execution: Execution, notice: str) -> Execution:
    """The execution with one more notice, the first that a reader sees."""
    return replace(execution, notice=joined([notice, *([execution.notice] if execution.notice else [])]))
