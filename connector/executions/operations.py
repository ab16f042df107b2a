"""ExecutePythonCode, GetExecution and CancelExecution."""

import hashlib
import uuid
from dataclasses import replace

from ..callers.session_ids import mint_execution_id, mint_session_id
from ..models import Execution
from ..session_pool.sessions import CallerSessions
from . import records
from .calls import Call, Runs, when_ended
from .direct_run import bare
from .earlier_run import can_be_canceled, earlier_execution
from .endings import NOT_HEARD, NOT_TO_BE_CANCELED, NOT_TO_BE_CANCELED_BARE
from .harnessed_run import detached, reported
from .truncation import fitted

DEFAULT_TIMEOUT_SECONDS = 90
DEFAULT_WAIT_SECONDS = 90
_KEYS = uuid.UUID("7b1f6f6e-5d1c-4c44-9c5e-0d5f3f0c2a11")
_CANCEL_SECONDS = 5.0


def execute_python_code(
    sessions: CallerSessions,
    runs: Runs,
    *,
    python_code: str,
    session_id: str | None = None,
    timeout_in_seconds: int = DEFAULT_TIMEOUT_SECONDS,
    wait_in_seconds: int = DEFAULT_WAIT_SECONDS,
    idempotency_key: str | None = None,
    include_content: str = "auto",
) -> Execution:
    """Runs the code once. Code that fails is an Execution too; an error is raised only when it surely did not run.

    A run that may take longer than the wait goes on by itself; if it does take longer, the answer is Running, and
    `get_execution` tells how it ended. With an idempotency key, a run of the same key in the same session is answered
    again; IdempotencyKeyReused is raised when its code was another.
    """
    session = sessions.session(session_id or _new_session_id(idempotency_key))
    execution_id = _execution_id(session.id, idempotency_key) if idempotency_key else mint_execution_id()
    call = Call(session, execution_id, python_code, timeout_in_seconds, wait_in_seconds)
    if not runs.rich_results:
        execution = bare(call, is_repeatable=idempotency_key is not None)
    elif timeout_in_seconds <= wait_in_seconds:
        execution = reported(call, runs)
    else:
        execution = detached(call, runs)
    return fitted(execution, include_content)


def get_execution(
    sessions: CallerSessions, *, session_id: str, execution_id: str, include_content: str = "auto"
) -> Execution:
    """A run again, by its id. Raises ExecutionNotFound."""
    return fitted(earlier_execution(sessions.session(session_id), execution_id), include_content)


def cancel_execution(
    sessions: CallerSessions, runs: Runs, *, session_id: str, execution_id: str, include_content: str = "auto"
) -> Execution:
    """Ends a detached run, or sees to it that it does not begin. Raises ExecutionNotFound.

    What has ended stays as it was; what cannot be ended is still Running, and its notice says why.
    """

    def tell() -> Execution:
        return earlier_execution(session, execution_id)

    session = sessions.session(session_id)
    execution = tell()
    if execution.status == "Running":
        notice = NOT_TO_BE_CANCELED if runs.rich_results else NOT_TO_BE_CANCELED_BARE
        if can_be_canceled(session, execution_id):
            notice = NOT_HEARD
            records.ask_to_cancel(session, execution_id)
            execution = when_ended(tell, _CANCEL_SECONDS)
        if execution.status == "Running":
            execution = replace(execution, notice=notice)
    return fitted(execution, include_content)


def _new_session_id(key: str | None) -> str:
    """With a key, the same for each call with it: a call that is made again finds the session of the first."""
    return mint_session_id() if key is None else hashlib.sha256(f"session\n{key}".encode()).hexdigest()[:32]


def _execution_id(session_id: str, key: str) -> str:
    return str(uuid.uuid5(_KEYS, f"{session_id}\n{key}"))
