"""Background runs: deferred in their session, now or when its turn comes, and followed as long as the caller waits."""

import time
from dataclasses import replace

from ..errors import ConnectorError
from ..in_session import report
from ..in_session.cell import code_hash, make_cell
from ..in_session.report import Request
from ..models import Execution
from ..session_pool.facts import PoolFacts
from ..session_pool.hand_over import RunLost
from . import direct
from .call import Call
from .following import follow
from .lookup import execution_of_pool_run, find_in_session
from .outcomes import NO_REPORT
from .records import ExecutionFolder
from .result import execution_of

_START_SECONDS = 220
"""Of the pool. The cell takes milliseconds; it has as long as may be, for the pool to make a session before."""

_LONGEST_WAIT_SECONDS = 200.0
"""The last look at a run must end before the front end of Azure Functions gives up, after 230 s."""


def run_in_background(call: Call, facts: PoolFacts) -> Execution:
    """Starts the run in a session that is idle. Raises IdempotencyKeyReused."""
    until = _until(call)
    return start(call, facts) or follow(call, facts, until, start)


def wait_for_turn(call: Call, facts: PoolFacts) -> Execution:
    """Lets the execution wait in its session until what runs there has ended. Raises IdempotencyKeyReused, and what the
    pool answers when the request cannot be stored.
    """
    until = _until(call)
    folder = ExecutionFolder(call.session, call.execution_id)
    found = find_in_session(folder)
    stored = None if found is None else found.record or found.request
    if stored is not None:
        call.check_code(stored.code_hash)
    else:
        folder.put_request(Request(call.code, code_hash(call.code), call.timeout_seconds))
    return follow(call, facts, until, start)


def start(call: Call, facts: PoolFacts) -> Execution | None:
    """Defers the run in its session. None when it is in progress there, waits there, or has a record: then it is to be
    followed. Code may have run when this returns, so it raises nothing but IdempotencyKeyReused and what surely came
    before the code.
    """
    cell = make_cell(
        call.code,
        execution_id=call.execution_id,
        max_report_characters=call.session.pool.longest_stdout,
        deferred_seconds=call.timeout_seconds,
    )
    try:
        run = call.session.execute_code(
            cell.text,
            execution_id=call.execution_id,
            timeout_seconds=_START_SECONDS,
            may_repeat=True,
            read_seconds=min(call.wait_seconds, _LONGEST_WAIT_SECONDS) + call.session.pool.deadlines.start_seconds,
        )
    except RunLost:
        return _put_request(call)
    reported = report.read_stdout(run.stdout, cell.nonce)
    if reported is None:
        return _unreported(call, facts, is_refusal=direct.is_refusal(run))
    facts.reported()
    if reported.is_busy:
        facts.note_busy(call.session, is_busy=True)
        return _put_request(call)
    if reported.report is not None:
        return execution_of(call.session.id, call.execution_id, reported.report, reported, run)
    facts.note_busy(call.session, is_busy=True)
    return None


def _put_request(call: Call) -> Execution | None:
    """So that the run takes place once, now or later, and can be found meanwhile."""
    folder = ExecutionFolder(call.session, call.execution_id)
    try:
        found = find_in_session(folder)
        if found is None:
            folder.put_request(Request(call.code, code_hash(call.code), call.timeout_seconds))
    except ConnectorError:
        return call.lost()
    return None


def _unreported(call: Call, facts: PoolFacts, *, is_refusal: bool) -> Execution | None:
    """Of a cell that has reported nothing."""
    try:
        record = ExecutionFolder(call.session, call.execution_id).record()
        if record is not None:
            call.check_code(record.code_hash)
            return None
        if is_refusal:
            facts.refused(call.session.pool)
            return replace(direct.run_directly(call), notice=NO_REPORT)
        run = call.session.get_execution(call.execution_id)
    except ConnectorError:
        return call.lost()
    return execution_of_pool_run(call.session.id, call.execution_id, run, had_payload=True)


def _until(call: Call) -> float:
    return time.monotonic() + min(call.wait_seconds, _LONGEST_WAIT_SECONDS)
