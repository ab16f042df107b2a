"""Runs a task of `in_session.tasks` in a session, between the runs of the session's user."""

import inspect
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar, cast

from ..callers.session_ids import mint_execution_id
from ..errors import (
    ConnectorError,
    FileNotFound,
    FileTooLarge,
    PoolRejected,
    PoolTimeout,
    PoolUnavailable,
    RequestTooLarge,
    SessionBusy,
)
from ..executions.sending import send_cell
from ..executions.turns import is_busy
from ..in_session.cell import make_task_cell
from ..in_session.report import read_task
from ..in_session.session_json import read_object
from ..in_session.task_results import is_result
from ..models import FilePath
from ..session_pool.facts import PoolFacts
from ..session_pool.hand_over import RunLost
from ..session_pool.sessions import SessionClient

Arguments = TypeVar("Arguments", bound=Mapping[str, Any])
Result = TypeVar("Result")

WAIT_SECONDS = 15.0
"""For the session's turn and the task. A session that runs code for longer is busy."""

BUSY_RETRY_SECONDS = 10
FAILURE_RETRY_SECONDS = 5
_TIMEOUT_SECONDS = 60
_MOST_RESULT_BYTES = 4000
"""Of a result that a task has stored."""

_REFUSED = (
    "The session pool refused the code with which the connector works in sessions, because of its size. Check that no "
    "proxy in front of the pool limits the size of requests."
)


def run_task(
    session: SessionClient,
    facts: PoolFacts,
    perform: Callable[[Arguments], Result],
    arguments: Arguments,
    *,
    failure: str,
) -> Result:
    """Calls the task's `perform` inside the session. Arguments and result are JSON, the result an object.

    Raises SessionBusy when the session runs code meanwhile, PoolUnavailable, with the message `failure`, where the
    task raised an exception, and PoolRejected for a result that is not the task's. A task that the session had no time
    for may still be performed later, and a task whose response was lost is performed again: each must allow for that.
    """
    if is_busy(session, facts):
        raise _busy()
    cell = make_task_cell(
        Path(inspect.getfile(perform)),
        dict(arguments),
        max_report_characters=session.pool.longest_stdout,
        with_payload=facts.sends_payload(session.pool),
    )
    try:
        run = send_cell(
            session, facts, cell, mint_execution_id(), timeout_seconds=_TIMEOUT_SECONDS, read_seconds=WAIT_SECONDS
        )
    except RunLost as lost:
        if isinstance(lost.__cause__, PoolTimeout):
            raise _busy() from lost
        raise PoolUnavailable(
            "The session's response was lost, so it is unknown whether the operation took place. Try again after the "
            "seconds in Retry-After.",
            retry_after_seconds=BUSY_RETRY_SECONDS,
        ) from lost
    except RequestTooLarge as refusal:  # not that of the caller
        raise PoolRejected(_REFUSED) from refusal.__cause__
    written = read_task(run.stdout, cell.nonce)
    if written is None and not facts.sends_payload(session.pool) and run.stderr.strip():
        written = {"raised": run.stderr.strip().rpartition("\n")[2]}
    if written is not None and written.get("isBusy") is True:
        raise _busy()
    if written is not None and "raised" in written:
        raise PoolUnavailable(failure, retry_after_seconds=FAILURE_RETRY_SECONDS) from RuntimeError(
            str(written["raised"])[:300]
        )
    result = None if written is None else written.get("returned")
    if not isinstance(result, dict) or not is_result(result, perform):
        raise forged()
    return cast(Result, result)


def run_long_task(
    session: SessionClient,
    facts: PoolFacts,
    perform: Callable[[Arguments], Result],
    arguments: Arguments,
    *,
    stored: FilePath,
    is_first: bool,
    failure: str,
) -> Result | None:
    """The result of a task that may take longer than a call waits, and stores its result as the file `stored`: that of
    an earlier call, unless this is the first. None if the session has not finished it: to be called again then.

    Raises what `run_task` raises, except where the task may be performed all the same.
    """
    found = None if is_first else _stored_result(session, stored, perform)
    if found is not None:
        return found
    try:
        return run_task(session, facts, perform, arguments, failure=failure)
    except (SessionBusy, PoolUnavailable) as refusal:
        if not may_be_performed(refusal):
            raise
        return None


def _stored_result(session: SessionClient, path: FilePath, perform: Callable[[Any], Result]) -> Result | None:
    """Works while the session runs code. None if there is none, or if it is not the task's."""
    try:
        result = read_object(session.download_file(path, max_bytes=_MOST_RESULT_BYTES))
    except (FileNotFound, FileTooLarge):
        return None
    return cast(Result, result) if result is not None and is_result(result, perform) else None


def forged() -> PoolRejected:
    """The error for a result that the task cannot have returned."""
    return PoolRejected(
        "The session did not do what the connector requested: its code may have changed the interpreter. End the "
        "session, or use another one."
    )


def may_be_performed(failure: ConnectorError) -> bool:
    """Whether a task that failed with this error may still be performed, or has been."""
    return isinstance(failure.__cause__, RunLost)


def _busy() -> SessionBusy:
    return SessionBusy(
        "The session is running code, and this operation must wait for it. Try again after the seconds in Retry-After.",
        retry_after_seconds=BUSY_RETRY_SECONDS,
    )
