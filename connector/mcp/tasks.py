"""Runs as tasks, for clients that know these: the extension io.modelcontextprotocol/tasks.

A task is an execution. Its ID has all that is needed to find that again: session, execution, and when it was created.
With a signing key it is sealed, so that a host's records of tasks do not contain session IDs, which are secrets.
Source: modelcontextprotocol/ext-tasks, specification/draft/tasks.md.
"""

import contextlib
import re
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta

from ..errors import ConnectorError, ExecutionNotFound, InvalidRequest
from ..executions import operations as executions
from ..models import Execution, to_wire
from ..telemetry.activity import note_execution_status
from ..workspaces import runs as workspace_runs
from .context import McpContext
from .protocol import (
    INVALID_PARAMS,
    METHOD_NOT_FOUND,
    MISSING_CLIENT_CAPABILITY,
    Client,
    Json,
    ProtocolError,
)
from .resources import with_accepted_links
from .results import execution_result

EXTENSION = "io.modelcontextprotocol/tasks"
TASK = "task"
"""The purpose of the token that is a task's ID."""

WAIT_SECONDS = 1
"""For the end of a run that becomes a task otherwise."""

_KEPT_SECONDS = 300
"""How long a session is kept without use, where the pool does not state it: the service's default."""

_ID_LIFETIME_SECONDS = 24 * 3600.0
_PLAIN_ID = re.compile(
    r"(?P<session>[A-Za-z0-9-]+)\.(?P<execution>[A-Za-z0-9-]+)\.(?P<created>[0-9]{1,10})\.(?P<kept>[0-9]{1,9})"
)

_SHORTEST_PAUSE_MILLISECONDS, _LONGEST_PAUSE_MILLISECONDS = 1_000, 20_000
"""Between polls: a tenth of the time that the run has taken."""


@dataclass(frozen=True)
class Task:
    """`created` is in seconds since 1970, `kept_seconds` how long after that the session certainly exists."""

    session_id: str
    execution_id: str
    created: int
    kept_seconds: int


def are_accepted(context: McpContext, client: Client) -> bool:
    """Whether a run may become a task. Not one without rich results, which would have other variables then."""
    return client.is_modern and EXTENSION in client.extensions and context.settings.rich_results


def create_task(context: McpContext, execution: Execution, *, timeout_seconds: int) -> Json:
    """The result of a tool whose run has not ended. Its session has the execution already."""
    kept = timeout_seconds + _seconds_without_use(context, execution.session_id)
    task = Task(execution.session_id, execution.execution_id, int(time.time()), kept)
    return {"resultType": "task", **_state(_id(context, task), task, execution)}


def get_task(context: McpContext, params: Json, client: Client) -> Json:
    """Raises ProtocolError, and ConnectorError for errors of the pool."""
    task = _task(context, params, client)
    with _unknown_if_not_found():
        execution = executions.get_execution(
            context.sessions,
            context.facts,
            session_id=task.session_id,
            execution_id=task.execution_id,
            include_content="always",
        )
    execution = workspace_runs.after_earlier(context.reach, execution)
    note_execution_status(execution.status)
    state = _state(params["taskId"], task, execution)
    if state["status"] == "completed":
        state["result"] = {"resultType": "complete", **with_accepted_links(context, execution_result(execution))}
    return state


def update_task(context: McpContext, params: Json, client: Client) -> Json:
    """Runs need no input, so responses belong to no request, and are ignored."""
    _task(context, params, client)
    return {}


def cancel_task(context: McpContext, params: Json, client: Client) -> Json:
    task = _task(context, params, client)
    with _unknown_if_not_found():
        execution = executions.cancel_execution(
            context.sessions, context.facts, session_id=task.session_id, execution_id=task.execution_id
        )
    note_execution_status(execution.status)
    return {}


def _state(task_id: str, task: Task, execution: Execution) -> Json:
    """Failed code is a completed task, too: its result is an error. `failed` is for errors of the protocol."""
    created = datetime.fromtimestamp(task.created, UTC)
    now = datetime.now(UTC).replace(microsecond=0)
    ran = timedelta(milliseconds=execution.duration_in_milliseconds)
    status = {"Running": "working", "Canceled": "cancelled"}.get(execution.status, "completed")
    updated = now if status == "working" else min(now, created + ran)
    pause = min(max(int(ran.total_seconds() * 100), _SHORTEST_PAUSE_MILLISECONDS), _LONGEST_PAUSE_MILLISECONDS)
    return {
        "taskId": task_id,
        "status": status,
        "createdAt": to_wire(created),
        "lastUpdatedAt": to_wire(updated.replace(microsecond=0)),
        "ttlMs": task.kept_seconds * 1000,
        "pollIntervalMs": pause,
    }


def _id(context: McpContext, task: Task) -> str:
    if context.tokens is None:
        return f"{task.session_id}.{task.execution_id}.{task.created}.{task.kept_seconds}"
    return context.tokens.seal(TASK, asdict(task), lifetime_seconds=_ID_LIFETIME_SECONDS)


def _task(context: McpContext, params: Json, client: Client) -> Task:
    """Raises ProtocolError, first for a client that has not stated that it knows tasks."""
    if not client.is_modern:
        raise ProtocolError(METHOD_NOT_FOUND, "Tasks are an extension of protocol version 2026-07-28.")
    if EXTENSION not in client.extensions:
        raise ProtocolError(
            MISSING_CLIENT_CAPABILITY,
            f"The request's clientCapabilities do not have the extension {EXTENSION}. Add it.",
            {"requiredCapabilities": {"extensions": {EXTENSION: {}}}},
        )
    task_id = params.get("taskId")
    if not isinstance(task_id, str):
        raise ProtocolError(INVALID_PARAMS, "The parameter taskId is missing or not a string. Send the ID of a task.")
    if context.tokens is not None:
        members = context.tokens.open(TASK, task_id)
        if members is not None:
            return Task(**members)
    elif found := _PLAIN_ID.fullmatch(task_id):
        return Task(found["session"], found["execution"], int(found["created"]), int(found["kept"]))
    raise _unknown()


def _seconds_without_use(context: McpContext, session_id: str) -> int:
    with contextlib.suppress(ConnectorError):
        times = context.sessions.session(session_id).get_session()
        if times.expires is not None and times.last_accessed is not None:
            return max(0, int((times.expires - times.last_accessed).total_seconds()))
    return _KEPT_SECONDS


@contextlib.contextmanager
def _unknown_if_not_found() -> Iterator[None]:
    try:
        yield
    except (ExecutionNotFound, InvalidRequest):
        raise _unknown() from None


def _unknown() -> ProtocolError:
    return ProtocolError(INVALID_PARAMS, "There is no task with this taskId, or its session has ended.")
