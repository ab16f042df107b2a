"""Background runs: deferred in their session at once, or queued there, and followed for as long as the caller waits."""

from ..errors import ConnectorError
from ..in_session import report
from ..in_session.cell import make_cell
from ..models import Execution
from ..session_pool.facts import PoolFacts
from ..session_pool.hand_over import RunLost
from ..session_pool.wire import Run
from . import direct
from .call import Call
from .following import follow
from .lookup import execution_of_pool_run, find_in_session
from .notices import with_notice
from .outcomes import NO_REPORT
from .records import ExecutionFolder
from .result import execution_of
from .sending import run_in_pool, send_cell

_START_SECONDS = 220
"""The pool's timeout for the cell that starts a run. It takes milliseconds, but the pool may start a session first."""


def run_in_background(call: Call, facts: PoolFacts) -> Execution:
    """Starts the run in an idle session, and follows it. Raises IdempotencyKeyReused."""
    return _start(call, facts) or follow(call, facts)


def wait_for_turn(call: Call, facts: PoolFacts) -> Execution:
    """Queues the execution in its session, and follows it. Raises IdempotencyKeyReused, and the pool's error if the
    request cannot be stored.
    """
    folder = ExecutionFolder(call.session, call.execution_id)
    found = find_in_session(folder)
    stored = None if found is None else found.record or found.request
    if stored is not None:
        call.check_code(stored.code_hash)
    else:
        folder.put_request(call.request())
    return follow(call, facts)


def _start(call: Call, facts: PoolFacts) -> Execution | None:
    """Defers the run in its session. Returns None if it is in progress, queued or recorded there, and can be followed.

    The code may have run when this returns. So it raises only IdempotencyKeyReused, and errors from before the code was
    handed over.
    """
    cell = make_cell(
        call.code,
        execution_id=call.execution_id,
        max_report_characters=call.session.pool.longest_stdout,
        deferred_seconds=call.timeout_seconds,
    )
    try:
        run = send_cell(call.session, facts, cell, call.execution_id, timeout_seconds=_START_SECONDS)
    except RunLost:
        return _enqueue(call)
    reported = report.read_stdout(run.stdout, cell.nonce)
    if reported is None:
        return _unreported(call, facts, run)
    if reported.is_busy:
        facts.note_busy(call.session, is_busy=True)
        return _enqueue(call)
    if reported.report is not None:
        return execution_of(call.session.id, call.execution_id, reported.report, reported, run)
    facts.note_busy(call.session, is_busy=True)
    return None


def _enqueue(call: Call) -> Execution | None:
    """Stores the request, unless the session has the execution already. So the code runs exactly once."""
    folder = ExecutionFolder(call.session, call.execution_id)
    try:
        found = find_in_session(folder)
        if found is None:
            folder.put_request(call.request())
    except ConnectorError:
        return call.lost()
    return None


def _unreported(call: Call, facts: PoolFacts, run: Run) -> Execution | None:
    """The execution of a cell that did not report."""
    try:
        record = ExecutionFolder(call.session, call.execution_id).record()
        if record is not None:
            call.check_code(record.code_hash)
            return None
        if direct.is_refusal(run):
            facts.payload_refused(call.session.pool)
            return with_notice(direct.run_directly(call), NO_REPORT)
        if run.status == "Succeeded":  # the cell has only started the run, if it was that
            return call.lost()
        run = run_in_pool(call.session, call.execution_id)
    except ConnectorError:
        return call.lost()
    return execution_of_pool_run(call.session.id, call.execution_id, run, had_payload=True)
