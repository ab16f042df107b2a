"""Every way in which a call can fail, and the one place where a failure becomes an answer.

    ConnectorError
    ├── InvalidRequest              400  a member is missing, unknown, or not what the contract says
    │   ├── InvalidFileName         400
    │   ├── InvalidSessionId        400
    │   └── InvalidFileContent      400  not base64, or text that could be either
    ├── Unauthorized                401  nobody the connector knows
    ├── CallerNotAllowed            403  somebody of the tenant who may not call
    ├── SessionExecutorRoleMissing  403  the connector's identity may not use the pool
    ├── FileNotFound                404
    ├── ExecutionNotFound           404
    ├── SessionNotFound             404
    ├── UploadNotFound              404
    ├── LengthRequired              411  a chunked body, which the Functions host does not pass on
    ├── RequestTooLarge             413  the body
    ├── FileTooLarge                413  a file
    ├── UnsupportedMediaType        415
    ├── RangeNotSatisfiable         416
    ├── IdempotencyKeyReused        422  the key of an earlier run, with other code
    ├── TooManySessions             429  the pool is full; comes with Retry-After
    ├── SessionBusy                 429  a run keeps the session busy; comes with Retry-After
    ├── InternalError               500  the connector itself, or its settings
    ├── PoolUnreachable             502  no connection to the pool
    ├── PoolRejected                502  the pool refused the connector, or answered what cannot be understood
    ├── PoolUnavailable             503  the pool has trouble of its own; comes with Retry-After
    ├── SignInUnavailable           503  the keys to check a token with cannot be had; comes with Retry-After
    └── PoolTimeout                 504  the pool did not answer in time

A message says what to do next. It never carries a stack trace, a token, or what the pool answered.
"""

import json
from dataclasses import dataclass
from typing import Any, ClassVar


class ConnectorError(Exception):
    """A failure as callers see it. `target` names the part of the request; `details` are further failures in it."""

    status: ClassVar[int] = 500

    def __init__(
        self,
        message: str,
        *,
        target: str | None = None,
        details: "tuple[ConnectorError, ...]" = (),
        retry_after_seconds: int | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.target = target
        self.details = details
        self.retry_after_seconds = retry_after_seconds
        self.headers = headers or {}

    @property
    def code(self) -> str:
        return type(self).__name__

    def to_wire(self) -> dict[str, Any]:
        """`{code, message, target?, details?}`."""
        body: dict[str, Any] = {"code": self.code, "message": self.message}
        if self.target is not None:
            body["target"] = self.target
        if self.details:
            body["details"] = [detail.to_wire() for detail in self.details]
        return body


class InvalidRequest(ConnectorError):
    """A member is missing, unknown, or not what the contract says."""

    status = 400


class InvalidFileName(InvalidRequest):
    """A name or folder that sessions do not take."""


class InvalidSessionId(InvalidRequest):
    """A session id with other characters, or another length, than session ids have."""


class InvalidFileContent(InvalidRequest):
    """Content that is not base64, or text that could be either."""


class Unauthorized(ConnectorError):
    """Nobody the connector knows."""

    status = 401


class CallerNotAllowed(ConnectorError):
    """Somebody of the tenant who may not call."""

    status = 403


class SessionExecutorRoleMissing(ConnectorError):
    """The connector's identity may not use the pool."""

    status = 403


class FileNotFound(ConnectorError):
    """The session has no such file."""

    status = 404


class ExecutionNotFound(ConnectorError):
    """The session has no such run, or has ended."""

    status = 404


class SessionNotFound(ConnectorError):
    """There is no such session, or it has ended."""

    status = 404


class UploadNotFound(ConnectorError):
    """There is no such upload in parts, or its address is not valid any more."""

    status = 404


class LengthRequired(ConnectorError):
    """A chunked body, which the Functions host does not pass on."""

    status = 411


class RequestTooLarge(ConnectorError):
    """The body is longer than a message may be."""

    status = 413


class FileTooLarge(ConnectorError):
    """A file is larger than the pool, the session or an answer takes."""

    status = 413


class UnsupportedMediaType(ConnectorError):
    """The body is of a type that the operation does not take."""

    status = 415


class RangeNotSatisfiable(ConnectorError):
    """The Range header asks for bytes behind the file's end, or a part does not follow what is there."""

    status = 416


class IdempotencyKeyReused(ConnectorError):
    """The key of an earlier run came with other code."""

    status = 422


class TooManySessions(ConnectorError):
    """The pool is full."""

    status = 429


class SessionBusy(ConnectorError):
    """The session runs code, and what was asked for must wait for that."""

    status = 429


class InternalError(ConnectorError):
    """The connector itself failed, or is not set up."""

    status = 500


class PoolUnreachable(ConnectorError):
    """No connection to the pool could be made."""

    status = 502


class PoolRejected(ConnectorError):
    """The pool refused the connector, or answered what cannot be understood."""

    status = 502


class PoolUnavailable(ConnectorError):
    """The pool has trouble of its own."""

    status = 503


class SignInUnavailable(ConnectorError):
    """The keys to check a token with cannot be had."""

    status = 503


class PoolTimeout(ConnectorError):
    """The pool did not answer in time."""

    status = 504


@dataclass(frozen=True)
class ErrorAnswer:
    status: int
    headers: dict[str, str]
    body: bytes


def to_answer(failure: Exception, request_id: str) -> ErrorAnswer:
    """The answer for any exception. What is no ConnectorError is a fault of ours, and tells nothing but its id."""
    if not isinstance(failure, ConnectorError):
        failure = InternalError(
            f"The connector failed. Try again; if it fails again, give the request id {request_id} to whoever runs it: "
            "the log has the cause under it."
        )
    headers = {
        **failure.headers,
        "Content-Type": "application/json",
        "x-ms-error-code": failure.code,
        "x-ms-request-id": request_id,
    }
    if failure.retry_after_seconds is not None:
        headers["Retry-After"] = str(failure.retry_after_seconds)
    return ErrorAnswer(failure.status, headers, json.dumps({"error": failure.to_wire()}).encode())
