"""Follows executions that are in progress or queued, with as few calls of the pool as possible."""

import time
from collections.abc import Iterator

from ..errors import ConnectorError, ExecutionNotFound, IdempotencyKeyReused
from ..in_session import protocol
from ..models import Execution
from ..session_pool.facts import PoolFacts
from ..session_pool.sessions import SessionClient
from .call import Call
from .lookup import Found, find_in_session, not_started
from .outcomes import RECORD_LOST
from .records import ExecutionFolder, has_heartbeat
from .result import execution_of
from .turns import is_busy, start_next

_FIRST_PAUSE_SECONDS = 0.004
_SECOND_PAUSE_SECONDS = 0.01
_LONGEST_PAUSE_SECONDS = 4.0
_PAUSE_GROWTH = 1.5
_PAUSE_AFTER_FAILURE_SECONDS = 1.0


def pauses() -> Iterator[float]:
    """Seconds between polls. Most runs end soon, so the first polls come early."""
    yield _FIRST_PAUSE_SECONDS
    pause = _SECOND_PAUSE_SECONDS
    while True:
        yield pause
        pause = min(pause * _PAUSE_GROWTH, _LONGEST_PAUSE_SECONDS)


def follow(call: Call, facts: PoolFacts) -> Execution:
    """The execution when it has ended, or its state at the end of the caller's wait. The session certainly has it, so
    errors of the pool are waited out.

    If it is queued although the session is idle, it is started. Raises IdempotencyKeyReused.
    """
    folder = ExecutionFolder(call.session, call.execution_id)
    ended: Found | None = None
    try:
        for number, pause in enumerate(pauses()):
            left = call.until - time.monotonic()
            if left <= 0:
                break
            time.sleep(min(pause, left))
            try:
                ended = _reported(folder, call) if number == 0 else _poll(folder, call, facts)
            except (IdempotencyKeyReused, ExecutionNotFound):
                raise
            except ConnectorError:
                time.sleep(max(0.0, min(_PAUSE_AFTER_FAILURE_SECONDS, call.until - time.monotonic())))
            if ended is not None:
                facts.note_busy(call.session, is_busy=False)
                note_end(call.session, ended, facts)
                return ended.execution
        return _at_end_of_wait(folder, call, facts) if call.wait_seconds > 0 else call.running()
    except IdempotencyKeyReused:
        raise
    except ExecutionNotFound:  # its session has ended since
        return call.lost()
    except ConnectorError:  # the caller does not wait any longer
        return call.running()


def may_have_ended(folder: ExecutionFolder, facts: PoolFacts) -> bool:
    """False for an execution that is certainly in progress, or queued behind another: one call of the pool, or two."""
    files = folder.files()
    if protocol.RECORD in files:
        return not has_heartbeat(files)
    is_queued = protocol.REQUEST in files and protocol.CANCEL not in files
    return not (is_queued and is_busy(folder.session, facts))


def note_end(session: SessionClient, found: Found, facts: PoolFacts) -> None:
    """To be called whenever an execution is found: if it has ended its interpreter, the next cell must know."""
    if found.may_have_ending_interpreter:
        facts.note_payload(session, is_installed=False)
        facts.note_ending(session, is_ending=True)


def _reported(folder: ExecutionFolder, call: Call) -> Found | None:
    """The execution, if its record has a report, and its interpreter is not about to end. One call of the pool."""
    record = folder.record()
    if record is None:
        return None
    call.check_code(record.code_hash)
    if record.report is None or record.report.is_of_ending_interpreter:
        return None
    return Found(execution_of(call.session.id, call.execution_id, record.report), record)


def _poll(folder: ExecutionFolder, call: Call, facts: PoolFacts) -> Found | None:
    """The execution, if it has ended. One call of the pool while it is in progress, two while it is queued."""
    files = folder.files()
    if protocol.RECORD in files:
        if has_heartbeat(files):
            return None
        return _reported(folder, call) or _unless_running(_current(folder, call))
    if protocol.REQUEST not in files or protocol.CANCEL in files:
        return _unless_running(_current(folder, call))
    if not is_busy(call.session, facts):
        start_next(call.session, facts)
    return None


def _at_end_of_wait(folder: ExecutionFolder, call: Call, facts: PoolFacts) -> Execution:
    found = find_in_session(folder)
    if found is not None and found.request is not None and not facts.may_be_busy(call.session):
        return not_started(folder, found) if found.execution.status == "Running" else found.execution
    return (found or _lost_record(call)).execution


def _current(folder: ExecutionFolder, call: Call) -> Found:
    """The execution in its current state, with its output so far."""
    return find_in_session(folder) or _lost_record(call)


def _lost_record(call: Call) -> Found:
    return Found(Execution(call.session.id, call.execution_id, "Unknown", error=RECORD_LOST))


def _unless_running(found: Found) -> Found | None:
    return None if found.execution.status == "Running" else found
