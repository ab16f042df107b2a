"""The state of an execution by its ID, from its folder in the session or from the pool."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from ..errors import ExecutionNotFound
from ..in_session import protocol
from ..in_session.report import Record, Request, find_nonce, read_stdout
from ..models import Execution
from ..session_pool.sessions import SessionClient
from ..session_pool.wire import PoolFile, Run
from .direct import direct_execution
from .hints.memory import with_memory_limit
from .notices import with_notice
from .outcomes import (
    CANCELED,
    INTERPRETER_ENDED,
    LOST,
    NO_REPORT,
    NOT_STARTED,
    RECORD_LOST,
    RECORD_UNREADABLE,
    SILENT,
)
from .records import ExecutionFolder, has_heartbeat, is_recent
from .recovery import with_recovered_results
from .result import execution_of, running_execution
from .sending import run_in_pool

_ATTEMPTS = 3
"""If a request disappears between the listing of the folder and the reading of the file, the run has begun."""

_LONGEST_CALL = timedelta(seconds=240)
"""After this time, a run in one call of the pool that has no report has lost its interpreter."""

_LONGEST_END_SECONDS = 60.0
"""From the end of a run to when the pool certainly knows that its interpreter has ended. The clocks of two machines may
differ by some seconds."""


@dataclass(frozen=True)
class Found:
    """`record` is set once the run has begun, `request` while it is queued, and neither if only the pool knows it."""

    execution: Execution
    record: Record | None = None
    request: Request | None = None
    queued: datetime | None = None

    @property
    def may_have_ending_interpreter(self) -> bool:
        """Whether the run has just ended together with its interpreter, so that the pool may not know of it yet."""
        if self.record is None or self.record.timeout_seconds is None or self.record.started is None:
            return False
        report = self.record.report
        if report is None or not (report.interpreter_ended or report.is_of_ending_interpreter):
            return False
        since_end = (datetime.now(UTC) - self.record.started).total_seconds() - report.milliseconds / 1000
        return since_end < _LONGEST_END_SECONDS

    @property
    def can_be_canceled(self) -> bool:
        """False for a run in one call of the pool."""
        return self.request is not None or (self.record is not None and self.record.timeout_seconds is not None)


def find(session: SessionClient, execution_id: str) -> Found:
    """Neither starts a session nor waits for a run. Raises ExecutionNotFound."""
    if session.exists():
        found = find_in_session(ExecutionFolder(session, execution_id))
        if found is not None:
            return found
    run = run_in_pool(session, execution_id)
    return Found(execution_of_pool_run(session.id, execution_id, run, had_payload=False))


def find_in_session(folder: ExecutionFolder) -> Found | None:
    """None if the session does not know the execution."""
    for _ in range(_ATTEMPTS):
        files = folder.files()
        record = folder.record(files)
        if record is not None:
            return Found(with_memory_limit(_of_record(folder, files, record), record.memory_limit), record)
        request = folder.request(files)
        if request is not None:
            break
        if protocol.REQUEST not in files:
            return None
    else:
        return None
    execution = Execution(folder.session.id, folder.execution_id, "Running")
    if protocol.CANCEL in files:
        execution = replace(execution, status="Canceled", error=CANCELED)
    return Found(execution, None, request, files[protocol.REQUEST].modified)


def not_started(folder: ExecutionFolder, found: Found) -> Execution:
    """A queued execution of a session that is idle, as far as is known, and has not confirmed its start.

    A run in one call of the pool may hold the session up for some minutes. After that, the execution is withdrawn: its
    code may have been handed over, and is not any more.
    """
    if found.queued is None or is_recent(found.queued, _LONGEST_CALL):
        return with_notice(found.execution, NOT_STARTED)
    folder.withdraw_request()
    return replace(found.execution, status="Unknown", error=LOST)


def _of_record(folder: ExecutionFolder, files: dict[str, PoolFile], record: Record) -> Execution:
    is_ending = record.report is not None and record.report.is_of_ending_interpreter and has_heartbeat(files)
    if record.report is not None and not is_ending:
        return execution_of(folder.session.id, folder.execution_id, record.report)
    execution = Execution(folder.session.id, folder.execution_id, "Running")
    if record.is_unreadable:
        return _of_unreadable_record(folder)
    if record.timeout_seconds is None:
        return _of_one_call(folder, record)
    if record.is_lost:
        return replace(execution, status="Failed", error=INTERPRETER_ENDED)
    progress = folder.progress()
    if progress is not None:
        execution = running_execution(folder.session.id, folder.execution_id, progress)
    if has_heartbeat(files):
        return execution
    again = folder.record()  # it may have ended between the two calls
    if again is not None and again.report is not None:
        return execution_of(folder.session.id, folder.execution_id, again.report)
    if again is not None and is_recent(record.started):
        return execution
    return replace(execution, status="Failed", error=SILENT)


def _of_unreadable_record(folder: ExecutionFolder) -> Execution:
    """The pool may have the report of a run in one call."""
    unknown = Execution(folder.session.id, folder.execution_id, "Unknown", error=RECORD_UNREADABLE)
    try:
        run = run_in_pool(folder.session, folder.execution_id)
    except ExecutionNotFound:
        return unknown
    execution = execution_of_pool_run(folder.session.id, folder.execution_id, run, had_payload=True)
    return unknown if execution.status == "Unknown" else execution


def _of_one_call(folder: ExecutionFolder, record: Record) -> Execution:
    """The pool may know more about a run whose record has no report."""
    execution = Execution(folder.session.id, folder.execution_id, "Running")
    try:
        run = run_in_pool(folder.session, folder.execution_id)
    except ExecutionNotFound:
        if not record.is_lost and is_recent(record.started, _LONGEST_CALL):
            return execution
        return with_recovered_results(replace(execution, status="Failed", error=INTERPRETER_ENDED), folder, record)
    if run.status == "Running" and not record.is_lost:
        return execution
    return of_unreported_run(folder, record, run)


def of_unreported_run(folder: ExecutionFolder, record: Record, run: Run) -> Execution:
    """A run of which the pool has a result, but neither the pool nor the record has a report."""
    execution = execution_of_pool_run(folder.session.id, folder.execution_id, run, had_payload=True)
    if execution.notice != NO_REPORT:
        return execution
    return with_recovered_results(replace(execution, notice=None), folder, record)


def execution_of_pool_run(session_id: str, execution_id: str, run: Run, *, had_payload: bool) -> Execution:
    """What the pool reports about a run. If its cell refers to a record that does not exist, the state is unknown."""
    if run.status != "Running" and (nonce := find_nonce(run.stdout)):
        reported = read_stdout(run.stdout, nonce)
        if reported is not None and reported.report is not None:
            return execution_of(session_id, execution_id, reported.report, reported, run)
        if reported is not None:
            return Execution(session_id, execution_id, "Unknown", error=RECORD_LOST)
        text = run.stdout.partition(protocol.REPORT_MARK + nonce)[0]  # the report is incomplete
        run, had_payload = replace(run, stdout=text), True
    execution = direct_execution(session_id, execution_id, run)
    return with_notice(execution, NO_REPORT) if had_payload and run.status != "Running" else execution
