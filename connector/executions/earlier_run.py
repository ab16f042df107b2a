"""A run again, by its id: what the session has kept of it, or the pool."""

from dataclasses import replace
from datetime import timedelta

from ..errors import ExecutionNotFound
from ..in_session.report import Note, Record, find_nonce, read_stdout
from ..models import Execution
from ..session_pool.sessions import SessionClient
from ..session_pool.wire import Run
from . import records
from .direct_run import bare_execution
from .endings import CANCELED, INTERPRETER_ENDED, NO_REPORT, NOT_BEGUN, RECORD_GONE, SILENT
from .result import reported_execution

_LONGEST_CALL = timedelta(seconds=240)
"""Of the pool; a run in one call that has not ended after this has no interpreter any more."""


def earlier_execution(session: SessionClient, execution_id: str) -> Execution:
    """Makes no session, and waits for none of its runs. Raises ExecutionNotFound."""
    has_session = records.has_session(session)
    record = records.read_record(session, execution_id) if has_session else None
    if record is not None and (record.report is not None or record.timeout_seconds is not None):
        return _of_record(session, execution_id, record)
    try:
        run = session.get_execution(execution_id)
    except ExecutionNotFound:
        if record is not None:
            return without_report(session, execution_id, record)
        note = records.read_note(session, execution_id) if has_session else None
        if note is None:
            raise
        return _asked_for(session, execution_id, note)
    if record is None and run.status == "Running" and has_session and _is_called_off(session, execution_id):
        return Execution(session.id, execution_id, "Canceled", error=CANCELED)  # the pool still has it in its queue
    return of_pool(session, execution_id, run, was_harnessed=record is not None)


def of_pool(session: SessionClient, execution_id: str, run: Run, *, was_harnessed: bool) -> Execution:
    """What the pool alone tells of a run that has no report. Of a cell that left all to a record, that is nothing."""
    if run.status != "Running" and (nonce := find_nonce(run.stdout)):
        told = read_stdout(run.stdout, nonce)
        if told is not None and told.report is not None:
            return reported_execution(session.id, execution_id, told.report, told, run)
        if told is not None:
            return Execution(session.id, execution_id, "Unknown", error=RECORD_GONE)
        run, was_harnessed = replace(run, stdout=run.stdout.partition(f"\x1e{nonce}")[0]), True  # it is not whole
    execution = bare_execution(session.id, execution_id, run)
    return replace(execution, notice=NO_REPORT) if was_harnessed and run.status != "Running" else execution


def can_be_canceled(session: SessionClient, execution_id: str) -> bool:
    """A run that goes on by itself, or has not begun. One in a call of the pool cannot."""
    record = records.read_record(session, execution_id)
    if record is not None:
        return record.timeout_seconds is not None
    return records.read_note(session, execution_id) is not None


def without_report(session: SessionClient, execution_id: str, record: Record) -> Execution:
    """Of a run that goes on, or whose process ended before it could report."""
    execution = Execution(session.id, execution_id, "Running")
    if record.is_lost:
        return replace(execution, status="Failed", error=INTERPRETER_ENDED)
    if record.timeout_seconds is None:
        goes_on = records.is_recent(record.started, _LONGEST_CALL)
        return execution if goes_on else replace(execution, status="Failed", error=INTERPRETER_ENDED)
    progress, is_old = records.read_progress(session, execution_id)
    if progress is not None:
        execution = replace(
            execution,
            stdout=progress.stdout,
            stderr=progress.stderr,
            duration_in_milliseconds=progress.milliseconds,
            truncated={name: True for name in ("stdout", "stderr") if progress.missing.get(name)} or None,
        )
        if not is_old:
            return execution
    # It may have ended between the two readings.
    record = records.read_record(session, execution_id) or record
    if record.report is not None:
        return _of_record(session, execution_id, record)
    if records.is_recent(record.started) and not is_old:
        return execution
    return replace(execution, status="Failed", error=SILENT)


def _of_record(session: SessionClient, execution_id: str, record: Record) -> Execution:
    if record.report is None:
        return without_report(session, execution_id, record)
    return reported_execution(session.id, execution_id, record.report, None, None)


def _asked_for(session: SessionClient, execution_id: str, note: Note) -> Execution:
    """A run that has not begun."""
    execution = Execution(session.id, execution_id, "Running")
    if _is_called_off(session, execution_id):
        return replace(execution, status="Canceled", error=CANCELED)
    if records.is_recent(note.asked, _LONGEST_CALL):
        return execution
    return replace(execution, status="Unknown", error=NOT_BEGUN)


def _is_called_off(session: SessionClient, execution_id: str) -> bool:
    """Whether a run that has not begun never will. One that begins makes its record first, and then looks for this."""
    if not records.is_to_be_canceled(session, execution_id):
        return False
    return records.read_record(session, execution_id) is None
