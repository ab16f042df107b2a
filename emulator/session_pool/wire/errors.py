"""Errors with the service's texts, and the responses that carry them."""

import uuid

from starlette.responses import Response

from ..engines.interface import (
    MAX_UPLOAD_BYTES,
    EngineError,
    FolderGone,
    InvalidFolder,
    InvalidName,
    TooLarge,
    TooManyFiles,
)
from ..sessions.pool import TooManySessions
from ..sessions.session import MAX_WAITING, TooManyExecutions
from .json_responses import json_response


class WireError(Exception):
    """An error response of the service."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message


class MalformedBody(Exception):
    """A body that ASP.NET could not bind to its model, so that the service never saw the request."""


def invalid(why: str) -> WireError:
    return WireError(400, "SessionRequestValidationFailed", f"The request is not valid: {why}.")


def missing(member: str) -> WireError:
    return WireError(400, "SessionPropertiesMissing", f"The property '{member}' is required but not provided.")


def error_response(failure: Exception, *, max_sessions: int) -> Response:
    """The response for an error that a client can cause. Raises `failure` itself for any other.

    `max_sessions` is the pool's limit.
    """
    match failure:
        case MalformedBody():
            return _problem(str(failure))
        case TooManySessions():
            error = wire_error(failure, max_sessions=max_sessions)
            return json_response({"code": error.code, "message": error.message}, status=error.status)
    return _error(wire_error(failure, max_sessions=max_sessions))


def wire_error(failure: Exception, *, max_sessions: int) -> WireError:
    """The service's status, code and message for an error that a client can cause. Raises `failure` for any other."""
    match failure:
        case WireError():
            return failure
        case InvalidName():
            message = "The file name cannot contain any reserved file path characters."
            return WireError(400, "FileNameInvalid", message)
        case InvalidFolder():
            why = "path cannot contain any reserved file path characters."
            return WireError(400, "FilePathInvalid", f"File Path '{failure}' is invalid because '{why}'.")
        case TooLarge():
            message = f"A file may have {MAX_UPLOAD_BYTES} bytes, and the session room for it."
            return WireError(413, "FileTooLarge", message)
        case TooManyFiles():
            return WireError(400, "TooManyFiles", "The folder has too many files to list. Delete some in the code.")
        case FolderGone():
            return WireError(404, "NoSessionFoundError", "The session has ended, and its files with it.")
        case TooManySessions():
            message = (
                f"The request sessions count is '1'. There are already '{failure.active}' active sessions and the "
                f"maximum active sessions count is '{max_sessions}'."
            )
            return WireError(429, "SessionsCountExceedsLimit", message)
        case TooManyExecutions():
            message = f"{MAX_WAITING} executions wait, or their code is too large. Wait until some have ended."
            return WireError(429, "TooManyRequests", message)
        case EngineError():
            # Chosen: 429 is the service's status when a request gets no session, so nothing was handed over.
            return WireError(429, "SessionAllocationFailed", str(failure))
    raise failure


def _error(error: WireError) -> Response:
    body = {"error": {"code": error.code, "message": error.message, "traceId": uuid.uuid4().hex}}
    return json_response(body, status=error.status, headers={"x-ms-error-code": error.code})


def _problem(message: str) -> Response:
    """The problem document of ASP.NET for a body that it cannot read."""
    body = {
        "type": "https://tools.ietf.org/html/rfc9110#section-15.5.1",
        "title": "One or more validation errors occurred.",
        "status": 400,
        "errors": {"$": [message]},
        "traceId": f"00-{uuid.uuid4().hex}-{uuid.uuid4().hex[:16]}-00",
    }
    return json_response(body, status=400, media_type="application/problem+json; charset=utf-8")
