"""Runs with the harness: in one call of the pool, or detached from it."""

import time
from collections.abc import Callable
from dataclasses import replace

from ..errors import ConnectorError, IdempotencyKeyReused
from ..in_session import report
from ..in_session.cell import Cell, code_hash, make_cell
from ..in_session.report import Record, Told
from ..models import Execution
from ..session_pool.hand_over import RunLost
from ..session_pool.wire import Run
from . import records
from .calls import Call, Runs, followed
from .direct_run import bare
from .earlier_run import earlier_execution, of_pool, without_report
from .endings import NO_REPORT
from .result import reported_execution

_START_SECONDS = 60
_LONGEST_WATCH_SECONDS = 200.0
"""Of a run that goes on by itself: the last look at it must fit into the time that the front end waits."""

_START_PATIENCE_SECONDS = 10.0
"""For the session's turn when the caller itself has less. To start takes milliseconds, a new session some seconds."""


def reported(call: Call, runs: Runs) -> Execution:
    """A run in one call of the pool."""
    started = time.monotonic()
    cell = make_cell(call.code, execution_id=call.execution_id, longest_report=call.session.pool.longest_stdout)
    try:
        run = call.run(cell.text, may_repeat=True)
    except RunLost:
        return call.lost()
    return _ended(call, runs, started, cell, run)


def detached(call: Call, runs: Runs) -> Execution:
    """A run that goes on by itself: its result, if it ends while the caller waits, else how far it is.

    Where a run before it keeps the session busy, it begins behind that, and may not have when this returns: a note in
    the session says that it was asked for.
    """
    started = time.monotonic()
    cell = make_cell(
        call.code,
        execution_id=call.execution_id,
        longest_report=call.session.pool.longest_stdout,
        detached_seconds=call.timeout_seconds,
    )
    try:
        run = call.session.execute_code(
            cell.text,
            execution_id=call.execution_id,
            timeout_seconds=_START_SECONDS,
            may_repeat=True,
            read_seconds=max(min(call.wait_seconds, _LONGEST_WATCH_SECONDS), _START_PATIENCE_SECONDS),
        )
    except RunLost:
        try:
            records.write_note(call.session, call.execution_id)
        except ConnectorError:
            return call.lost()
        return _watched(call, started, call.goes_on)
    return _ended(call, runs, started, cell, run)


def _ended(call: Call, runs: Runs, started: float, cell: Cell, run: Run) -> Execution:
    """What came back of the cell, and where that is not all, what the run's record tells when the run has ended, or
    when the caller has waited long enough.

    The code may have run: an error now would have the caller run it again.
    """
    told = report.read_stdout(run.stdout, cell.nonce)
    if told is not None:
        runs.reported()
        if told.report is not None:
            return reported_execution(call.session.id, call.execution_id, told.report, told, run)
        return _watched(call, started, lambda: _of_record(call, told, run))
    try:
        execution = _untold(call, run)
    except IdempotencyKeyReused:
        raise
    except ConnectorError:
        return call.lost()
    if execution is None:
        runs.refused(call.session.pool)
        return replace(bare(call), notice=NO_REPORT)
    return execution


def _watched(call: Call, started: float, first: Callable[[], Execution]) -> Execution:
    """How the run is when it has ended or the time is over: as `first` tells, which is asked until it has told
    something, and then, if it goes on, as the session tells.
    """
    look = first

    def tell() -> Execution:
        nonlocal look
        execution = look()
        if look is not first or execution.status != "Running":
            return execution
        look = again
        return look()

    def again() -> Execution:
        return earlier_execution(call.session, call.execution_id)

    left = min(call.wait_seconds, _LONGEST_WATCH_SECONDS) - (time.monotonic() - started)
    return followed(call, tell, left)


def _of_record(call: Call, told: Told, run: Run) -> Execution:
    """What the session has said to be in the run's record."""
    record = _read_record(call)
    if record is None:
        return of_pool(call.session, call.execution_id, run, was_harnessed=True)
    if record.report is not None:
        return reported_execution(call.session.id, call.execution_id, record.report, told, run)
    if record.timeout_seconds is not None and not record.is_lost:
        return call.goes_on()  # how far it is, is read when the caller is answered
    return without_report(call.session, call.execution_id, record)


def _untold(call: Call, run: Run) -> Execution | None:
    """Of a cell that has told nothing of its run. None when nothing has run: the session has refused the harness."""
    record = _read_record(call)
    if record is None and _is_not_ipython(run):
        return None  # there is no record, and the expression that would have made one failed
    if record is not None and record.report is not None:
        return reported_execution(call.session.id, call.execution_id, record.report, None, None)
    return of_pool(call.session, call.execution_id, run, was_harnessed=True)


def _read_record(call: Call) -> Record | None:
    """Raises IdempotencyKeyReused."""
    record = records.read_record(call.session, call.execution_id)
    if record is not None and record.code_hash != code_hash(call.code):
        raise IdempotencyKeyReused(
            "This idempotency key was used for other code in this session. Send a new key for new code.",
            target="idempotencyKey",
        )
    return record


def _is_not_ipython(run: Run) -> bool:
    return run.status == "Failed" and ("get_ipython" in run.stderr or "SyntaxError" in run.stderr)
