"""The errors that callers get when a call of the pool fails.

The pool's own message is not passed on, only its error code. The unsuccessful response is the error's cause, for the
log.
"""

import math
from collections.abc import Callable

import requests

from ..errors import (
    ConnectorError,
    ExecutionNotFound,
    FileNotFound,
    FileTooLarge,
    InvalidFileName,
    PoolRejected,
    PoolTimeout,
    PoolUnavailable,
    PoolUnreachable,
    RequestTooLarge,
    SessionExecutorRoleMissing,
    SessionNotFound,
    TooManySessions,
)
from ..outbound.failures import never_sent, timed_out
from ..outbound.retries import retry_after_seconds
from .bodies import load
from .wire import UnreadableResponse, read_json

_BUSY_SECONDS = 30
"""The Retry-After if the pool sends none: within a minute, sessions usually end."""

NotFound = Callable[[], ConnectorError]
"""Makes the error for a 404 where it is raised. An error that waited in a variable would keep the frames of its stack
in memory, with the bytes that they hold, until the next garbage collection."""


class UnsuccessfulResponse(Exception):
    """A response other than 2xx."""

    def __init__(self, response: requests.Response) -> None:
        self.status = response.status_code
        self.code = _error_code(response)
        seconds = retry_after_seconds(response)
        self.retry_after = None if seconds is None else math.ceil(seconds)
        super().__init__(f"the pool responded with {self.status} {self.code}".strip())


class NotSent(Exception):
    """The cause of the error of a call that was not sent at all."""


def transport_error(failure: requests.RequestException) -> ConnectorError:
    """The error for a call without a response."""
    if never_sent(failure):
        return PoolUnreachable(
            "The session pool cannot be reached. Check that POOL_MANAGEMENT_ENDPOINT is its poolManagementEndpoint, "
            "and that the function app's network reaches it."
        )
    if timed_out(failure):
        return timeout()
    return PoolUnavailable(
        "The connection to the session pool was lost. Try again in a moment.", retry_after_seconds=_BUSY_SECONDS
    )


def response_error(
    response: UnsuccessfulResponse, not_found: NotFound | None, *, is_run: bool, is_upload: bool = False
) -> ConnectorError:
    """The error for an unsuccessful response. `not_found` makes it for a 404; `is_run` when code was sent, `is_upload`
    when a file was.
    """
    retry_after = _BUSY_SECONDS if response.retry_after is None else response.retry_after
    match response.status:
        case 401:
            return PoolRejected(
                "The session pool rejected the connector's token. Check that POOL_MANAGEMENT_ENDPOINT is that of a "
                "code-interpreter session pool, and POOL_API_VERSION a version that it supports (it rejects tokens for "
                "others)."
            )
        case 403:
            return SessionExecutorRoleMissing(
                "The connector's identity may not use the session pool. Assign it the role 'Azure ContainerApps "
                "Session Executor' on the pool, which takes some minutes to become effective."
            )
        case 404 if not_found is not None:
            return not_found()
        case 400 if response.code == "SessionWithIdentifierNotFound" and not_found is not None:
            return not_found()
        case 400 if response.code in ("FileNameInvalid", "FilePathInvalid"):
            return InvalidFileName(
                "The session pool does not accept this file name or folder. Use letters, digits, spaces and - _ . in "
                "names, and no dot in those of folders.",
                target="fileName" if response.code == "FileNameInvalid" else "folder",
            )
        case 413 if is_run:
            return RequestTooLarge(
                "The session pool does not accept code of this size. Send it in several executions, or as a file."
            )
        case 413 if is_upload:
            return FileTooLarge(
                "The session pool does not accept a file of this size: 128 MB is the most, and the session must have "
                "room for it. Compress the file, or send it in several files."
            )
        case 416:
            return PoolUnavailable(
                "The file changed while it was read. Request the range again.", retry_after_seconds=retry_after
            )
        case 429:
            return TooManySessions(
                "All sessions of the pool are in use. Try again later, end sessions that are not needed, or raise the "
                "pool's maximum.",
                retry_after_seconds=retry_after,
            )
        case 504 | 408:
            return timeout()
        case status if status >= 500:
            return PoolUnavailable(
                "The session pool is unavailable. Try again in a moment.", retry_after_seconds=retry_after
            )
    code = f" ({response.code})" if response.code else ""
    return PoolRejected(
        f"The session pool refused the request with status {response.status}{code}. Check that "
        "POOL_MANAGEMENT_ENDPOINT is the poolManagementEndpoint of a code-interpreter session pool for Python."
    )


def is_refusal(failure: ConnectorError) -> bool:
    """Whether the pool has certainly done nothing, for a reason of its own and not of the request."""
    return (
        isinstance(failure, TooManySessions | PoolUnreachable | SessionExecutorRoleMissing)
        or (isinstance(failure, PoolRejected) and isinstance(failure.__cause__, UnsuccessfulResponse))
        or isinstance(failure.__cause__, NotSent)
    )


def is_of_pool(failure: ConnectorError) -> bool:
    """Whether the pool has failed, not the request."""
    return isinstance(failure, PoolUnavailable | PoolTimeout | PoolRejected) or is_refusal(failure)


def execution_not_found() -> ExecutionNotFound:
    return ExecutionNotFound(
        "The session has no such execution, or has ended since. Check the execution ID and the session ID.",
        target="executionId",
    )


def file_not_found(name: str) -> FileNotFound:
    remedy = "Write a space in an address as %20, or use" if "+" in name else "Use"
    return FileNotFound(
        f"The session has no file '{name[:100]}' in this folder, or has ended with its files since. {remedy} ListFiles "
        "with recursive to see all files.",
        target="fileName",
    )


def session_not_found() -> SessionNotFound:
    return SessionNotFound(
        "The session does not exist: it was never used, was ended, or expired. Any other call with its ID starts a new "
        "one.",
        target="sessionId",
    )


def timeout() -> PoolTimeout:
    return PoolTimeout(
        "The session pool did not respond in time. Try again in a minute.", retry_after_seconds=_BUSY_SECONDS
    )


def _error_code(response: requests.Response) -> str:
    try:
        load(response)
        body = read_json(response.content)
        error = body.get("error", body)
        code = error.get("code", "")
    except (UnreadableResponse, AttributeError, requests.RequestException):
        return ""  # also of a body that does not end before the deadline
    finally:
        response.close()
    return code if isinstance(code, str) and code.isalnum() and len(code) < 80 else ""
