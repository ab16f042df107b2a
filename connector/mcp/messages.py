"""JSON-RPC 2.0 as MCP uses it: one message at a time, whose parameters are named."""

from dataclasses import dataclass
from typing import Any

from ..errors import ConnectorError, InternalError
from .protocol import INTERNAL_ERROR, INVALID_PARAMS, INVALID_REQUEST, Json, ProtocolError

_MOST_SHOWN = 60
"""Characters of a caller's text in a message."""


@dataclass(frozen=True)
class Request:
    id: str | int
    method: str
    params: Json


@dataclass(frozen=True)
class Notification:
    """A message that needs no answer. So is a response to the server, which has sent no request."""

    is_response: bool = False


def read(message: Any) -> Request | Notification:
    """Raises ProtocolError for a value that is not a message."""
    if isinstance(message, list):
        raise ProtocolError(
            INVALID_REQUEST,
            "The body is a batch, and a call of this server has the time and the room for one message. Send each "
            "message in a request of its own; protocol versions after 2025-03-26 have no batches.",
        )
    if not isinstance(message, dict):
        raise ProtocolError(INVALID_REQUEST, "The body is not a JSON-RPC message. Send a JSON object.")
    if message.get("jsonrpc") != "2.0":
        raise ProtocolError(INVALID_REQUEST, 'The member jsonrpc is not "2.0". Send a message of JSON-RPC 2.0.')
    method = message.get("method")
    if "method" not in message and ("result" in message or "error" in message):
        return Notification(is_response=True)
    if not isinstance(method, str) or not method:
        raise ProtocolError(INVALID_REQUEST, "The member method is not a string. Send the name of a method.")
    params = message.get("params")
    if params is not None and not isinstance(params, dict):
        raise ProtocolError(INVALID_PARAMS, "The member params is not an object. Send parameters by their names.")
    if "id" not in message:
        return Notification()
    request_id = id_of(message)
    if request_id is None:
        raise ProtocolError(
            INVALID_REQUEST,
            "The member id is neither a string nor an integer. Send one of them, or no id for a notification.",
        )
    return Request(request_id, method, params or {})


def id_of(message: Any) -> str | int | None:
    """What the answer to a message repeats, also if the message is not valid. None if it has no usable id.

    A string that UTF-8 cannot encode is not usable: it could not be repeated.
    """
    found = message.get("id") if isinstance(message, dict) else None
    if isinstance(found, str):
        try:
            found.encode()
        except UnicodeEncodeError:
            return None
        return found
    return found if isinstance(found, int) and not isinstance(found, bool) else None


def result_message(request_id: str | int, result: Json) -> Json:
    return {"jsonrpc": "2.0", "id": request_id, "result": result}


def error_message(request_id: str | int | None, error: ProtocolError) -> Json:
    """JSON-RPC has an id of null where that of the request is unknown."""
    members: Json = {"code": error.code, "message": error.message}
    if error.data is not None:
        members["data"] = error.data
    return {"jsonrpc": "2.0", "id": request_id, "error": members}


def error_of(failure: ConnectorError) -> ProtocolError:
    """An error of the connector as one of JSON-RPC, whose `data` is `{code, target?, details?}` of other operations.

    Its own code is the HTTP status: JSON-RPC leaves positive numbers to applications.
    """
    code = INTERNAL_ERROR if isinstance(failure, InternalError) else failure.status
    return ProtocolError(code, failure.message, data_of(failure))


def data_of(failure: ConnectorError) -> Json:
    return {name: value for name, value in failure.to_wire().items() if name != "message"}


def shown(text: str) -> str:
    """A caller's text, for a message."""
    return text[:_MOST_SHOWN]
