"""ExecutePythonCode, GetExecution and CancelExecution."""

import time
import uuid
from collections.abc import Callable

from ..callers.session_ids import keyed_session_id, mint_execution_id
from ..errors import ConnectorError, ExecutionNotFound
from ..models import Execution
from ..session_pool.facts import PoolFacts
from ..session_pool.sessions import CallerSessions, SessionClient
from .background import run_in_background, wait_for_turn
from .call import Call
from .direct import run_directly
from .following import may_have_ended, note_end, pauses
from .lookup import Found, find, not_started
from .notices import with_notice
from .one_call import run_in_one_call
from .outcomes import CANCEL_REQUESTED, NOT_CANCELABLE, NOT_CANCELABLE_DIRECT
from .records import ExecutionFolder
from .submitted_code import code_to_run
from .truncation import fitted
from .turns import is_busy, start_next

DEFAULT_TIMEOUT_SECONDS = 90
DEFAULT_WAIT_SECONDS = 90
_LONGEST_WAIT_SECONDS = 200.0
"""The last poll of a run must end before the front end of Azure Functions gives up, after 230 s."""

_KEYS = uuid.UUID("7b1f6f6e-5d1c-4c44-9c5e-0d5f3f0c2a11")
_CANCEL_SECONDS = 6.0
"""How long a call waits for the run to end. A run that ignores its interrupt is killed after 2 s."""

_LONGEST_CANCEL_PAUSE_SECONDS = 0.5
_SHORTEST_PAUSE_SECONDS = 0.1
"""Between polls of an execution that has been running since an earlier call."""


def execute_python_code(
    sessions: CallerSessions,
    facts: PoolFacts,
    *,
    python_code: str,
    session_id: str | None = None,
    timeout_in_seconds: int = DEFAULT_TIMEOUT_SECONDS,
    wait_in_seconds: int = DEFAULT_WAIT_SECONDS,
    direct_timeout_in_seconds: int | None = None,
    idempotency_key: str | None = None,
    include_content: str = "auto",
) -> Execution:
    """Runs the code once. Code that fails is an Execution too; errors are raised only if it certainly did not run.

    A run that may take longer than the wait is deferred; if it does take longer, it is returned as Running, for
    `get_execution`. With an idempotency key, the earlier execution of the same key in the same session is returned;
    IdempotencyKeyReused is raised if its code was different. `direct_timeout_in_seconds` is the timeout in pools that
    run code without the payload, where a run that exceeds the wait may lose its variables; by default the same.
    """
    if session_id is None and idempotency_key is not None:
        session_id = keyed_session_id(idempotency_key)  # whose pool is the same for a repeated call, even if it is full
    session = None if session_id is None else sessions.session(session_id)
    code = code_to_run(python_code)

    def run(session: SessionClient) -> Execution:
        deadline = session.deadline_of_execution(wait_in_seconds)
        session = session.with_deadline(deadline)
        execution_id = _execution_id(session.id, idempotency_key) if idempotency_key else mint_execution_id()
        until = deadline.began + min(wait_in_seconds, _LONGEST_WAIT_SECONDS)
        call = Call(session, execution_id, code, timeout_in_seconds, wait_in_seconds, until, direct_timeout_in_seconds)
        is_deferred = timeout_in_seconds > wait_in_seconds
        if not facts.sends_payload(session.pool):
            return run_directly(call, is_repeatable=idempotency_key is not None)
        if session_id is not None and (is_deferred or facts.may_be_busy(session)) and is_busy(session, facts):
            return wait_for_turn(call, facts)
        return run_in_background(call, facts) if is_deferred else run_in_one_call(call, facts)

    def run_in_new_session(session: SessionClient) -> Execution:
        execution = run(session)
        if execution.status == "Unknown":
            sessions.pools.avoid(session.pool)
        return execution

    return fitted(run(session) if session else sessions.with_new_session(run_in_new_session), include_content)


def get_execution(
    sessions: CallerSessions,
    facts: PoolFacts,
    *,
    session_id: str,
    execution_id: str,
    wait_in_seconds: int = 0,
    include_content: str = "auto",
) -> Execution:
    """The state of an execution: the current one or, with a wait, that at its end or at the end of the wait.

    Raises ExecutionNotFound.
    """
    session = sessions.session(session_id)
    if wait_in_seconds:
        session = session.with_deadline(session.deadline_of_execution(wait_in_seconds))
    until = time.monotonic() + min(wait_in_seconds, _LONGEST_WAIT_SECONDS)
    execution = _current(session, execution_id, facts)
    for pause in pauses():
        left = until - time.monotonic()
        if execution.status != "Running" or left <= 0:
            break
        time.sleep(min(max(pause, _SHORTEST_PAUSE_SECONDS), left))
        try:
            if time.monotonic() >= until or may_have_ended(ExecutionFolder(session, execution_id), facts):
                execution = _current(session, execution_id, facts)
        except ExecutionNotFound:
            raise
        except ConnectorError:  # the execution exists, so the wait goes on
            continue
    return fitted(execution, include_content)


def _current(session: SessionClient, execution_id: str, facts: PoolFacts) -> Execution:
    found = find(session, execution_id)
    note_end(session, found, facts)
    execution = found.execution
    if found.request is not None and execution.status == "Running" and not is_busy(session, facts):
        # Still queued in an idle session: the run before it has ended the interpreter, or its start was lost.
        if not start_next(session, facts):
            execution = not_started(ExecutionFolder(session, execution_id), found)
    return execution


def cancel_execution(
    sessions: CallerSessions, facts: PoolFacts, *, session_id: str, execution_id: str, include_content: str = "auto"
) -> Execution:
    """Stops a deferred run, or prevents it from beginning. Raises ExecutionNotFound.

    A run that has ended is returned unchanged. One that cannot be canceled is Running, and its notice states why.
    """
    session = sessions.session(session_id)
    found = find(session, execution_id)
    if found.execution.status == "Running":
        notice = NOT_CANCELABLE if facts.sends_payload(session.pool) else NOT_CANCELABLE_DIRECT
        if found.can_be_canceled:
            notice = CANCEL_REQUESTED
            ExecutionFolder(session, execution_id).request_cancel()
            found = _wait_for_end(found, lambda: find(session, execution_id))
            note_end(session, found, facts)
        if found.execution.status == "Running":
            return fitted(with_notice(found.execution, notice), include_content)
    return fitted(found.execution, include_content)


def _wait_for_end(found: Found, find_again: Callable[[], Found]) -> Found:
    """The execution when it has ended, or its state after _CANCEL_SECONDS."""
    until = time.monotonic() + _CANCEL_SECONDS
    for pause in pauses():
        if time.monotonic() >= until:
            break
        time.sleep(min(pause, _LONGEST_CANCEL_PAUSE_SECONDS))
        found = find_again()
        if found.execution.status != "Running":
            break
    return found


def _execution_id(session_id: str, key: str) -> str:
    return str(uuid.uuid5(_KEYS, f"{session_id}\n{key}"))
