"""How an execution is, by its ID: what its folder in the session has of it, or what the pool reports."""

from dataclasses import dataclass, replace
from datetime import timedelta

from ..errors import ExecutionNotFound
from ..in_session import protocol
from ..in_session.report import Record, Request, find_nonce, read_stdout
from ..models import Execution
from ..session_pool.sessions import SessionClient
from ..session_pool.wire import PoolFile, Run
from .direct import direct_execution
from .outcomes import CANCELED, INTERPRETER_ENDED, NO_REPORT, RECORD_LOST, SILENT
from .records import ExecutionFolder, is_recent
from .result import execution_of, running_execution

_LOOKS = 3
"""At a folder whose request was taken between the listing and its reading: then it has a record."""

_LONGEST_CALL = timedelta(seconds=240)
"""Of the pool. A run in one call that has not ended after this has lost its interpreter."""


@dataclass(frozen=True)
class Found:
    """`record` is there once the run has begun, `request` while it waits for its turn, and neither when the pool alone
    knows the execution.
    """

    execution: Execution
    record: Record | None = None
    request: Request | None = None

    @property
    def can_be_canceled(self) -> bool:
        """A run that is one call of the pool cannot."""
        return self.request is not None or (self.record is not None and self.record.timeout_seconds is not None)


def find(session: SessionClient, execution_id: str) -> Found:
    """Starts no session, and waits for no run in it. Raises ExecutionNotFound."""
    if session.exists():
        found = find_in_session(ExecutionFolder(session, execution_id))
        if found is not None:
            return found
    run = session.get_execution(execution_id)
    return Found(execution_of_pool_run(session.id, execution_id, run, had_payload=False))


def find_in_session(folder: ExecutionFolder) -> Found | None:
    """None when the session has nothing of the execution."""
    for _ in range(_LOOKS):
        files = folder.files()
        record = folder.record(files)
        if record is not None:
            return Found(_of_record(folder, files, record), record)
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
    return Found(execution, None, request)


def _of_record(folder: ExecutionFolder, files: dict[str, PoolFile], record: Record) -> Execution:
    if record.report is not None:
        return execution_of(folder.session.id, folder.execution_id, record.report)
    execution = Execution(folder.session.id, folder.execution_id, "Running")
    ended = replace(execution, status="Failed", error=INTERPRETER_ENDED)
    if record.is_lost:
        return ended
    if record.timeout_seconds is None:
        return _of_one_call(folder, record) if is_recent(record.started, _LONGEST_CALL) else ended
    progress = folder.progress(files)
    if progress is not None:
        execution = running_execution(folder.session.id, folder.execution_id, progress)
    marker = files.get(protocol.RUNNING)
    if marker is not None and (marker.modified is None or is_recent(marker.modified)):
        return execution
    again = folder.record()  # it may have ended between the two calls
    if again is not None and again.report is not None:
        return execution_of(folder.session.id, folder.execution_id, again.report)
    if again is not None and is_recent(record.started):
        return execution
    return replace(execution, status="Failed", error=SILENT)


def _of_one_call(folder: ExecutionFolder, record: Record) -> Execution:
    """The pool may know more of a run that the record has no end of."""
    try:
        run = folder.session.get_execution(folder.execution_id)
    except ExecutionNotFound:
        return Execution(folder.session.id, folder.execution_id, "Running")
    return execution_of_pool_run(folder.session.id, folder.execution_id, run, had_payload=True)


def execution_of_pool_run(session_id: str, execution_id: str, run: Run, *, had_payload: bool) -> Execution:
    """What the pool alone reports of a run. A cell that refers to a record which does not exist says nothing."""
    if run.status != "Running" and (nonce := find_nonce(run.stdout)):
        reported = read_stdout(run.stdout, nonce)
        if reported is not None and reported.report is not None:
            return execution_of(session_id, execution_id, reported.report, reported, run)
        if reported is not None:
            return Execution(session_id, execution_id, "Unknown", error=RECORD_LOST)
        text = run.stdout.partition(protocol.REPORT_MARK + nonce)[0]  # the report is incomplete
        run, had_payload = replace(run, stdout=text), True
    execution = direct_execution(session_id, execution_id, run)
    return replace(execution, notice=NO_REPORT) if had_payload and run.status != "Running" else execution
