"""What the connector does inside a session for itself, between the runs of the session's user."""

from typing import Any

from ..callers.session_ids import mint_execution_id
from ..errors import PoolRejected, PoolTimeout, PoolUnavailable, SessionBusy
from ..executions.calls import Runs
from ..in_session.cell import make_task_cell
from ..in_session.report import read_told
from ..session_pool.client import RunLost, SessionPoolClient

_PATIENCE_SECONDS = 15.0
"""For the session's turn and the task. A run that goes on for longer makes the session busy."""

_RETRY_SECONDS = 10
_FAILURE_RETRY_SECONDS = 5


def perform(
    pool: SessionPoolClient, runs: Runs, session_id: str, task: str, arguments: dict[str, Any], *, failure: str
) -> Any:
    """What the task returns. Raises SessionBusy when another run keeps the session from it, and PoolUnavailable: with
    the sentence `failure` where the task raised an exception.

    A task that the session had no time for may still be done later, so a task must bear to be done twice.
    """
    cell = make_task_cell(task, arguments, longest_report=pool.longest_stdout, with_harness=runs.rich_results)
    try:
        run = pool.execute_code(
            session_id,
            cell.text,
            execution_id=mint_execution_id(),
            timeout_seconds=60,
            may_repeat=True,
            read_seconds=_PATIENCE_SECONDS,
        )
    except RunLost as lost:
        if isinstance(lost.__cause__, PoolTimeout):
            raise SessionBusy(
                "The session runs code, and this must wait until it has ended. Try again after the seconds in "
                "Retry-After.",
                retry_after_seconds=_RETRY_SECONDS,
            ) from None
        raise PoolUnavailable(
            "The session's answer was lost, and nobody knows whether it did this. Try again after the seconds in "
            "Retry-After.",
            retry_after_seconds=_RETRY_SECONDS,
        ) from lost.__cause__
    told = read_told(run.stdout, cell.nonce)
    if told is None and not runs.rich_results and run.stderr.strip():
        told = {"failed": run.stderr.strip().rpartition("\n")[2]}
    if told is not None and "failed" in told:
        raise PoolUnavailable(failure, retry_after_seconds=_FAILURE_RETRY_SECONDS) from RuntimeError(
            str(told["failed"])[:300]  # for the log
        )
    if told is None or "told" not in told:
        raise PoolRejected(
            "The session did not do what was asked of it, as when its code has changed the interpreter's insides. "
            "End the session, or use another one."
        )
    return told["told"]
