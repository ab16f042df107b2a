"""What the connector does inside a session for itself, between the runs of the session's user."""

import inspect
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from ..callers.session_ids import mint_execution_id
from ..errors import PoolRejected, PoolTimeout, PoolUnavailable, SessionBusy
from ..executions.calls import Runs
from ..executions.turns import is_busy
from ..in_session.cell import make_task_cell
from ..in_session.report import read_task
from ..session_pool.hand_over import RunLost
from ..session_pool.sessions import SessionClient

Arguments = TypeVar("Arguments", bound=Mapping[str, Any])
Result = TypeVar("Result")

_PATIENCE_SECONDS = 15.0
"""For the session's turn and the task. A run that goes on for longer makes the session busy."""

_RETRY_SECONDS = 10
_FAILURE_RETRY_SECONDS = 5


def perform(
    session: SessionClient, runs: Runs, task: Callable[[Arguments], Result], arguments: Arguments, *, failure: str
) -> Result:
    """What the task returns. Raises SessionBusy when another run keeps the session from it, and PoolUnavailable: with
    the sentence `failure` where the task raised an exception.

    A task that the session had no time for may still be done later, so a task must bear to be done twice.
    """
    if is_busy(session, runs):
        raise _busy()
    cell = make_task_cell(
        Path(inspect.getfile(task)),
        dict(arguments),
        max_report_characters=session.pool.longest_stdout,
        with_payload=runs.rich_results,
    )
    try:
        run = session.execute_code(
            cell.text,
            execution_id=mint_execution_id(),
            timeout_seconds=60,
            may_repeat=True,
            read_seconds=_PATIENCE_SECONDS,
        )
    except RunLost as lost:
        if isinstance(lost.__cause__, PoolTimeout):
            raise _busy() from None
        raise PoolUnavailable(
            "The session's response was lost, and whether it did this is unknown. Try again after the seconds in "
            "Retry-After.",
            retry_after_seconds=_RETRY_SECONDS,
        ) from lost.__cause__
    written = read_task(run.stdout, cell.nonce)
    if written is None and not runs.rich_results and run.stderr.strip():
        written = {"raised": run.stderr.strip().rpartition("\n")[2]}
    if written is not None and written.get("isBusy") is True:
        raise _busy()
    if written is not None and "raised" in written:
        raise PoolUnavailable(failure, retry_after_seconds=_FAILURE_RETRY_SECONDS) from RuntimeError(
            str(written["raised"])[:300]  # for the log
        )
    if written is None or "returned" not in written:
        raise PoolRejected(
            "The session did not do what the connector asked of it, as when its code has changed the interpreter. End "
            "the session, or use another one."
        )
    result: Result = written["returned"]
    return result


def _busy() -> SessionBusy:
    return SessionBusy(
        "The session is running code. Try again after the seconds in Retry-After.",
        retry_after_seconds=_RETRY_SECONDS,
    )
