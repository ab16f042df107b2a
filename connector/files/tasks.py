"""What the connector does inside a session for itself, between the runs of the session's user."""

import inspect
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from ..callers.session_ids import mint_execution_id
from ..errors import PoolRejected, PoolTimeout, PoolUnavailable, SessionBusy
from ..executions.calls import Runs
from ..in_session.cell import make_task_cell
from ..in_session.report import read_told
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
    source = Path(inspect.getfile(task))
    longest_report = session.pool.longest_stdout
    cell = make_task_cell(source, dict(arguments), longest_report=longest_report, with_harness=runs.rich_results)
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
    result: Result = told["told"]
    return result
