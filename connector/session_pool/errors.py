"""What goes wrong between the connector and the pool, as the errors that callers get.

The pool's own text goes no further, only its error's code, and the response itself as the error's cause, for the log.
"""

import re
from collections.abc import Callable

import requests
import urllib3

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
    SessionExecutorRoleMissing,
    SessionNotFound,
    TooManySessions,
)

_BUSY_SECONDS = 30
"""The Retry-After of a busy pool that sends none: sessions end by the minute."""


class UnsuccessfulResponse(Exception):
    """A response other than 2xx. It is the cause of the error that callers get."""

    def __init__(self, response: requests.Response) -> None:
        self.status = response.status_code
        self.code = _error_code(response)
        text = response.headers.get("Retry-After", "").strip()
        self.retry_after = min(int(text), 3600) if re.fullmatch("[0-9]{1,9}", text) else None
        super().__init__(f"the pool answered {self.status} {self.code}".strip())


def transport_error(failure: requests.RequestException) -> ConnectorError:
    if _never_sent(failure):
        return PoolUnreachable(
            "The session pool cannot be reached. Check that POOL_MANAGEMENT_ENDPOINT is its poolManagementEndpoint and "
            "that the function app's network reaches it; then try again."
        )
    if isinstance(failure, requests.Timeout) or _reason(failure, urllib3.exceptions.ReadTimeoutError):
        return PoolTimeout("The session pool did not answer in time. Try again in a minute.")
    return PoolUnavailable(
        "The connection to the session pool broke off. Try again in a moment.", retry_after_seconds=_BUSY_SECONDS
    )


def _never_sent(failure: requests.RequestException) -> bool:
    """True when no connection was made. TLS faults may come later too, all but a certificate that is not trusted."""
    if isinstance(failure, requests.ConnectTimeout | requests.exceptions.InvalidURL):
        return True
    if _reason(failure, urllib3.exceptions.NewConnectionError, urllib3.exceptions.ConnectTimeoutError):
        return True
    return _reason(failure, urllib3.exceptions.SSLError) and "CERTIFICATE_VERIFY_FAILED" in str(failure)


def _reason(failure: Exception, *kinds: type[Exception]) -> bool:
    """True when one of `kinds` is at the bottom of what requests and urllib3 wrapped."""
    cause = failure.args[0] if failure.args else None
    return isinstance(cause, kinds) or isinstance(getattr(cause, "reason", None), kinds)


def refusal(answer: UnsuccessfulResponse, not_found: "NotFound | None") -> ConnectorError:
    """The error for an answer that is none of 2xx. The pool's own words are not passed on, only its error's code."""
    retry_after = _BUSY_SECONDS if answer.retry_after is None else answer.retry_after
    match answer.status:
        case 401:
            return PoolRejected(
                "The session pool did not take the connector's token. Check that POOL_MANAGEMENT_ENDPOINT names a "
                "code-interpreter session pool and that it knows the version in POOL_API_VERSION (it answers an "
                "unknown version like this too)."
            )
        case 403:
            return SessionExecutorRoleMissing(
                "The connector's identity may not use the session pool. Assign it the role 'Azure ContainerApps "
                "Session Executor' on the pool, and wait a few minutes until that is known everywhere."
            )
        case 404 if not_found is not None:
            return not_found()
        case 400 if answer.code == "SessionWithIdentifierNotFound" and not_found is not None:
            return not_found()
        case 400 if answer.code in ("FileNameInvalid", "FilePathInvalid"):
            return InvalidFileName(
                "The session pool does not take this file name or folder. In a name, use letters, digits, "
                "spaces and - _ . @ $ & = ; , # % ^ ( ) + ! ' ~ [ ] { }; a folder has none of the last eight, and no "
                "dot.",
                target="fileName" if answer.code == "FileNameInvalid" else "folder",
            )
        case 413:
            return FileTooLarge(
                "The session pool does not take a file of this size: 128 MB is the most, and the session must have "
                "room for it. Send less, or compress it."
            )
        case 416:
            return PoolUnavailable(
                "The file changed while it was read. Ask for the part again.", retry_after_seconds=retry_after
            )
        case 429:
            return TooManySessions(
                "All sessions of the pool are in use. Try again later, end sessions that are not needed, or raise the "
                "pool's maximum.",
                retry_after_seconds=retry_after,
            )
        case 504 | 408:
            return PoolTimeout("The session pool did not answer in time. Try again in a minute.")
        case status if status >= 500:
            return PoolUnavailable(
                "The session pool has trouble. Try again in a moment.", retry_after_seconds=retry_after
            )
    named = f" ({answer.code})" if answer.code else ""
    return PoolRejected(
        f"The session pool refused the request with status {answer.status}{named}. Check that "
        "POOL_MANAGEMENT_ENDPOINT is the poolManagementEndpoint of a code-interpreter session pool for Python."
    )


def _error_code(response: requests.Response) -> str:
    try:
        body = response.json()
        error = body.get("error", body)
        code = error.get("code", "")
    except (ValueError, AttributeError, RecursionError):
        return ""
    return code if isinstance(code, str) and code.isalnum() and len(code) < 80 else ""


NotFound = Callable[[], ConnectorError]
"""Makes the error where it is raised. One that waited in a variable would keep the frames of its own stack in memory,
with the bytes that they hold, until Python looks for cycles."""


def execution_not_found() -> ExecutionNotFound:
    return ExecutionNotFound(
        "The session has no such run: it may have ended since, or the run belongs to another session. Look at the "
        "execution ID and the session ID.",
        target="executionId",
    )


def file_not_found(name: str) -> FileNotFound:
    return FileNotFound(
        f"The session has no file '{name[:100]}' there. ListFiles with recursive shows what it has; a session that was "
        "not used for a while has ended, and its files with it.",
        target="fileName",
    )


def session_not_found() -> SessionNotFound:
    return SessionNotFound(
        "There is no such session: it was never used, was ended, or ended by itself after nobody had used it.",
        target="sessionId",
    )
