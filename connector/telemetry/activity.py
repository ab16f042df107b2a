"""The request in progress: what its record and those of its calls of the pool and of storage say.

Each request is handled in one thread, whose context has the activity. So the parts that add to it need no further
argument, and work without one where there is no request, as in tests.
"""

import contextlib
import hashlib
import logging
import time
from collections.abc import Iterator
from contextvars import ContextVar
from dataclasses import dataclass, field

from ..errors import ConnectorError
from . import open_telemetry, records
from .causes import described, is_notable, stack
from .correlation import Correlation

VERSION = "0.1.0"
"""Of the connector: that of pyproject.toml, which is not deployed."""

_HASH_CHARACTERS = 16
_processed = False
"""Whether this process has responded to a request."""


@dataclass
class Activity:
    """`caller` is None for callers with function keys, who are not distinguished; `session` is a hash.

    `mcp_method` and `tool` are what a message of MCP called: names that the server has, never other text of callers.
    `failure` is an error that a response with another status reports.
    """

    operation: str
    correlation: Correlation
    caller: str | None = None
    session: str | None = None
    is_session_minted: bool | None = None
    execution_status: str | None = None
    mcp_method: str | None = None
    tool: str | None = None
    failure: ConnectorError | None = None
    pool_calls: int = 0
    pool_attempts: int = 0
    pool_throttles: int = 0
    pool_milliseconds: int = 0
    storage_calls: int = 0
    storage_milliseconds: int = 0
    started: float = field(default_factory=time.monotonic)

    def responded(
        self, status: int, code: str | None, *, bytes_in: int, bytes_out: int, failure: Exception | None = None
    ) -> None:
        """Writes the record of the request. `failure` is the exception that the response reports."""
        global _processed
        if failure is None and self.failure is not None:
            failure, code = self.failure, self.failure.code
        is_first, _processed = not _processed, True
        level, cause, trace = logging.INFO, None, None
        if failure is not None and not isinstance(failure, ConnectorError):
            level, cause, trace = logging.ERROR, described(failure), stack(failure)
        elif failure is not None and is_notable(failure):
            level, cause = logging.WARNING, described(failure)
        records.write(
            level,
            "request",
            {
                **self.ids(),
                "clientRequestId": self.correlation.client_request_id,
                "caller": self.caller,
                "sessionMinted": self.is_session_minted,
                "status": status,
                "code": code,
                "executionStatus": self.execution_status,
                "mcpMethod": self.mcp_method,
                "tool": self.tool,
                "durationMs": round((time.monotonic() - self.started) * 1000),
                "poolMs": self.pool_milliseconds,
                "poolCalls": self.pool_calls,
                "attempts": self.pool_attempts,
                "throttles": self.pool_throttles,
                "storageMs": self.storage_milliseconds if self.storage_calls else None,
                "storageCalls": self.storage_calls or None,
                "bytesIn": bytes_in,
                "bytesOut": bytes_out,
                "version": VERSION,
                "isFirst": is_first or None,
                "cause": cause,
                "stack": trace,
            },
        )

    def ids(self) -> dict[str, str | None]:
        """What all records of the request have in common."""
        return {
            "operation": self.operation,
            "requestId": self.correlation.request_id,
            "traceId": self.correlation.trace_id,
            "session": self.session,
        }


_current: ContextVar[Activity | None] = ContextVar("activity", default=None)


@contextlib.contextmanager
def begun(activity: Activity) -> Iterator[Activity]:
    """The activity is that of this thread until the end of the block."""
    token = _current.set(activity)
    try:
        yield activity
    finally:
        _current.reset(token)


def current() -> Activity | None:
    return _current.get()


def note_caller(caller: str | None) -> None:
    """The request is this caller's."""
    if (activity := current()) is not None:
        activity.caller = caller


def note_session(session_id: str) -> None:
    """The request is about this session."""
    if (activity := current()) is not None:
        activity.session = session_hash(session_id)


def note_minted_session() -> None:
    """A session id was made for the request."""
    open_telemetry.count("connector.sessions.minted")
    if (activity := current()) is not None:
        activity.is_session_minted = True


def note_execution_status(status: str) -> None:
    """The response is an execution with this status."""
    if (activity := current()) is not None:
        activity.execution_status = status


def note_mcp_method(name: str) -> None:
    """The request is a message of MCP that calls this method of the server."""
    if (activity := current()) is not None:
        activity.mcp_method = name


def note_tool(name: str) -> None:
    """The request calls this tool of the MCP server."""
    if (activity := current()) is not None:
        activity.tool = name


def note_failure(failure: ConnectorError) -> None:
    """The response reports this error, and has the status of a success."""
    if (activity := current()) is not None:
        activity.failure = failure


def session_hash(session_id: str) -> str:
    """What records have instead of the id: in a query, `substring(hash_sha256(id), 0, 16)`."""
    return hashlib.sha256(session_id.encode()).hexdigest()[:_HASH_CHARACTERS]
