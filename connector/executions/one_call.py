"""Runs in one call of the pool, with the payload."""

from ..errors import ConnectorError, IdempotencyKeyReused
from ..in_session import report
from ..in_session.cell import make_cell
from ..in_session.report import Reported
from ..models import Execution
from ..session_pool.facts import PoolFacts
from ..session_pool.hand_over import RunLost
from ..session_pool.wire import Run
from . import direct, turns
from .background import wait_for_turn
from .call import Call
from .lookup import execution_of_pool_run, find_in_session, of_unreported_run
from .notices import with_notice
from .outcomes import NO_REPORT, RECORD_LOST
from .records import ExecutionFolder
from .result import execution_of
from .sending import is_silent, send_cell


def run_in_one_call(call: Call, facts: PoolFacts) -> Execution:
    """Raises IdempotencyKeyReused, and other errors only if the code certainly did not run."""
    cell = make_cell(call.code, execution_id=call.execution_id, max_report_characters=call.session.pool.longest_stdout)
    try:
        run = send_cell(call.session, facts, cell, call.execution_id, timeout_seconds=call.timeout_seconds)
    except RunLost:
        return _lost(call, facts)
    reported = report.read_stdout(run.stdout, cell.nonce)
    try:
        if reported is None:
            return _unreported(call, facts, run)
        if reported.is_busy:
            return wait_for_turn(call, facts)
        if reported.report is not None:
            return execution_of(call.session.id, call.execution_id, reported.report, reported, run)
        return _from_record(call, reported, run)
    except IdempotencyKeyReused:
        raise
    except ConnectorError:  # the code may have run, and an error would make the caller run it again
        return call.lost()


def _lost(call: Call, facts: PoolFacts) -> Execution:
    """The pool's response was lost. If the run was waiting in the pool for another to end, it can still be queued."""
    try:
        if turns.is_busy(call.session, facts):
            return wait_for_turn(call, facts)
    except IdempotencyKeyReused:
        raise
    except ConnectorError:
        pass
    return call.lost()


def _from_record(call: Call, reported: Reported, run: Run) -> Execution:
    """The report is too long for stdout, or another call has run this execution."""
    folder = ExecutionFolder(call.session, call.execution_id)
    record = folder.record()
    if record is None:
        return Execution(call.session.id, call.execution_id, "Unknown", error=RECORD_LOST)
    call.check_code(record.code_hash)
    if record.report is not None:
        return execution_of(call.session.id, call.execution_id, record.report, reported, run)
    found = find_in_session(folder)
    return call.running() if found is None else found.execution


def _unreported(call: Call, facts: PoolFacts, run: Run) -> Execution:
    """The execution of a cell that did not report, for example because its code ended the interpreter."""
    folder = ExecutionFolder(call.session, call.execution_id)
    record = folder.record()
    if record is None and turns.is_busy(call.session, facts):
        return wait_for_turn(call, facts)  # the pool has given up before the cell could run
    if record is None and direct.is_refusal(run):  # nothing has run: the session cannot run the payload
        facts.payload_refused(call.session.pool)
        return with_notice(direct.run_directly(call), NO_REPORT)
    if record is not None:
        call.check_code(record.code_hash)
        if record.report is not None:
            return execution_of(call.session.id, call.execution_id, record.report, None, run)
        return of_unreported_run(folder, record, run)
    if is_silent(run):
        return call.lost()
    return execution_of_pool_run(call.session.id, call.execution_id, run, had_payload=True)
