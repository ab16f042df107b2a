"""All errors of the connector, and the one place where an exception becomes a response.

    ConnectorError
    ├── InvalidRequest              400  the request differs from the contract
    │   ├── InvalidFileName         400
    │   ├── InvalidSessionId        400
    │   └── InvalidFileContent      400  not base64, or text that may or may not be
    ├── Unauthorized                401  the caller is unknown
    ├── CallerNotAllowed            403  the caller is known, and may not call
    ├── OriginNotAllowed            403  a web page of another origin calls the MCP server
    ├── SessionExecutorRoleMissing  403  the connector's identity may not use the pool
    ├── StorageAccessDenied         403  the connector's identity may not use the storage
    ├── SourceNotAllowed            403  an address that files may not be imported from
    ├── FileNotFound                404
    ├── ExecutionNotFound           404
    ├── SessionNotFound             404
    ├── UploadNotFound              404
    ├── LinkNotFound                404  a link to a file that has expired, or whose file has changed
    ├── BlobNotFound                404
    ├── TransferNotFound            404  it has expired or was canceled
    ├── WorkspaceNotFound           404
    ├── PlaygroundNotFound          404  the Playground is turned off, or has no such file
    ├── MetadataNotFound            404  callers do not sign in, so nothing describes how
    ├── MethodNotFound              404  the MCP server has no such method
    ├── MethodNotAllowed            405  the MCP server takes only POST; with Allow
    ├── StorageNotConfigured        409  the connector has no storage; the message names the setting
    ├── BlobExists                  409
    ├── BlobChanged                 409  since it was read first
    ├── FileChanged                 409  while it was copied
    ├── BlobArchived                409  in the archive tier, where it cannot be read
    ├── WorkspaceChanged            409  saved or deleted by someone else, since this session restored it
    ├── LengthRequired              411  a body without a length, which the Functions host does not pass on
    ├── RequestTooLarge             413  the body
    ├── FileTooLarge                413  a file
    ├── UnsupportedMediaType        415
    ├── RangeNotSatisfiable         416
    ├── IdempotencyKeyReused        422  the key of an earlier run, with different code
    ├── TooManySessions             429  the pool is full; with Retry-After
    ├── SessionBusy                 429  the session runs code; with Retry-After
    ├── ConnectorBusy               429  the connector has too much to do at a time; with Retry-After
    ├── InternalError               500  a bug of the connector, or wrong settings
    ├── PoolUnreachable             502  no connection to the pool
    ├── PoolRejected                502  the pool refused the connector, or its response cannot be understood
    ├── StorageRejected             502  storage refused the connector, or its response cannot be understood
    ├── SourceUnavailable           502  the file could not be fetched from its address
    ├── PoolUnavailable             503  an error of the pool; with Retry-After
    ├── SignInUnavailable           503  the keys that tokens are checked with are unavailable; with Retry-After
    ├── StorageUnavailable          503  an error of the storage; with Retry-After
    ├── PoolTimeout                 504  the pool did not respond in time
    └── StorageTimeout              504  storage did not respond in time

A message states the problem, then the remedy. It never has a stack trace, a token, or the pool's own text.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar


class ConnectorError(Exception):
    """`target` names the part of the request that is wrong. If there are several errors, `details` has all of them."""

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
    """The request differs from the contract."""

    status = 400


class InvalidFileName(InvalidRequest):
    """A name or folder that sessions do not accept."""


class InvalidSessionId(InvalidRequest):
    """A session id with other characters, or of another length, than session ids have."""


class InvalidFileContent(InvalidRequest):
    """Content that is not base64, or text that may or may not be."""


class Unauthorized(ConnectorError):
    """The caller is unknown."""

    status = 401


class CallerNotAllowed(ConnectorError):
    """The caller is known, and may not call."""

    status = 403


class OriginNotAllowed(ConnectorError):
    """A web page of another origin calls the MCP server."""

    status = 403


class SessionExecutorRoleMissing(ConnectorError):
    """The connector's identity may not use the pool."""

    status = 403


class StorageAccessDenied(ConnectorError):
    """The connector's identity may not use the storage."""

    status = 403


class SourceNotAllowed(ConnectorError):
    """Files may not be imported from this address."""

    status = 403


class FileNotFound(ConnectorError):
    """The session has no such file."""

    status = 404


class ExecutionNotFound(ConnectorError):
    """The session has no such execution, or has ended."""

    status = 404


class SessionNotFound(ConnectorError):
    """The session does not exist, or has ended."""

    status = 404


class UploadNotFound(ConnectorError):
    """The chunked upload does not exist, or its address has expired, or an upload URL was used."""

    status = 404


class LinkNotFound(ConnectorError):
    """A link to a file has expired, or its file has changed."""

    status = 404


class BlobNotFound(ConnectorError):
    """The container has no such blob."""

    status = 404


class TransferNotFound(ConnectorError):
    """The transfer has expired, was canceled, or was never begun."""

    status = 404


class WorkspaceNotFound(ConnectorError):
    """The caller has no such workspace."""

    status = 404


class PlaygroundNotFound(ConnectorError):
    """The Playground is turned off, or has no such file."""

    status = 404


class MetadataNotFound(ConnectorError):
    """Callers do not sign in, so that nothing describes how they do."""

    status = 404


class MethodNotFound(ConnectorError):
    """The MCP server has no such method."""

    status = 404


class MethodNotAllowed(ConnectorError):
    """The MCP server takes only POST."""

    status = 405


class StorageNotConfigured(ConnectorError):
    """The operation needs storage, and the connector has none."""

    status = 409


class BlobExists(ConnectorError):
    """There is a blob of this name, and it was not to be replaced."""

    status = 409


class BlobChanged(ConnectorError):
    """The blob, or the file at the address, was changed by someone else during the operation."""

    status = 409


class FileChanged(ConnectorError):
    """The session's file was changed while it was copied."""

    status = 409


class BlobArchived(ConnectorError):
    """The blob is in the archive tier, where it cannot be read."""

    status = 409


class WorkspaceChanged(ConnectorError):
    """The workspace was saved or deleted by someone else, since the session restored or saved it."""

    status = 409


class LengthRequired(ConnectorError):
    """A body without a length, which the Functions host does not pass on."""

    status = 411


class RequestTooLarge(ConnectorError):
    """The body is larger than the connector or the pool accepts."""

    status = 413


class FileTooLarge(ConnectorError):
    """A file is larger than the pool, the session or a response can take."""

    status = 413


class UnsupportedMediaType(ConnectorError):
    """The body has a media type that the operation does not accept."""

    status = 415


class RangeNotSatisfiable(ConnectorError):
    """The Range header requests bytes after the file's end, or a chunk does not follow those before it."""

    status = 416


class IdempotencyKeyReused(ConnectorError):
    """The key of an earlier run was sent with different code."""

    status = 422


class TooManySessions(ConnectorError):
    """The pool is full."""

    status = 429


class SessionBusy(ConnectorError):
    """The session runs code, which the operation must wait for."""

    status = 429


class ConnectorBusy(ConnectorError):
    """The connector has too many calls, or too many large files, at a time. Nothing was done."""

    status = 429


class InternalError(ConnectorError):
    """A bug of the connector, or wrong settings."""

    status = 500


class PoolUnreachable(ConnectorError):
    """No connection to the pool could be made."""

    status = 502


class PoolRejected(ConnectorError):
    """The pool refused the connector, or its response cannot be understood."""

    status = 502


class StorageRejected(ConnectorError):
    """Storage refused the connector, or its response cannot be understood."""

    status = 502


class SourceUnavailable(ConnectorError):
    """The file could not be fetched from its address."""

    status = 502


class PoolUnavailable(ConnectorError):
    """An error of the pool."""

    status = 503


class SignInUnavailable(ConnectorError):
    """The keys that tokens are checked with are unavailable."""

    status = 503


class PoolTimeout(ConnectorError):
    """The pool did not respond in time."""

    status = 504


class StorageUnavailable(ConnectorError):
    """An error of the storage."""

    status = 503


class StorageTimeout(ConnectorError):
    """Storage did not respond in time."""

    status = 504


@dataclass(frozen=True)
class ErrorResponse:
    status: int
    headers: dict[str, str]
    body: bytes


def error_body(failure: ConnectorError) -> dict[str, Any]:
    """The body of an error's response."""
    return {"error": failure.to_wire()}


def to_response(
    failure: Exception, request_id: str, body: Callable[[ConnectorError], dict[str, Any]] = error_body
) -> ErrorResponse:
    """The response for any exception. Anything but a ConnectorError is a bug; callers get only the request id."""
    if not isinstance(failure, ConnectorError):
        failure = InternalError(
            f"The connector failed. Try again; if it fails again, report the request ID {request_id} to its operator, "
            "who finds the cause under it in the log."
        )
    headers = {
        **failure.headers,
        "Content-Type": "application/json",
        "x-ms-error-code": failure.code,
        "x-ms-request-id": request_id,
    }
    if failure.retry_after_seconds is not None:
        headers["Retry-After"] = str(failure.retry_after_seconds)
    return ErrorResponse(failure.status, headers, json.dumps(body(failure)).encode())
