"""Answers messages of MCP: one for each HTTP request, with one JSON object, and without memory of earlier ones.

It knows both generations of the protocol, and nothing of what the server offers.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..errors import ConnectorError
from ..telemetry.activity import note_failure, note_mcp_method
from . import headers as mirrored
from . import legacy, modern
from .messages import Notification, Request, error_message, error_of, id_of, read, result_message, shown
from .protocol import (
    INVALID_REQUEST,
    LEGACY_VERSIONS,
    METHOD_NOT_FOUND,
    VERSIONS,
    Client,
    Json,
    Methods,
    ProtocolError,
    ServerInfo,
)


@dataclass(frozen=True)
class Answer:
    """`status` is that of HTTP; `body` is JSON, and None for a notification."""

    status: int
    body: Json | None


def answer(message: Any, headers: Mapping[str, str], server: ServerInfo, methods: Methods) -> Answer:
    """The answer to a message, which may be any JSON value. `headers` have names in lower case.

    Raises what a method raises, except its ProtocolError and ConnectorError.
    """
    request_id = id_of(message)
    try:
        received = read(message)
        if isinstance(received, Notification):
            _check_notification(received, headers)
            return Answer(202, None)
        sender = _client(received, headers)
    except ProtocolError as failure:
        return Answer(400, error_message(request_id, failure))
    try:
        result = _result(received, sender, server, methods)
    except ConnectorError as failure:
        note_failure(failure)
        return Answer(200, error_message(received.id, error_of(failure)))
    except ProtocolError as failure:
        status = modern.STATUSES.get(failure.code, 200) if sender.is_modern else 200
        return Answer(status, error_message(received.id, failure))
    return Answer(200, result_message(received.id, result))


def _check_notification(received: Notification, headers: Mapping[str, str]) -> None:
    """Raises ProtocolError. Nothing else is done with it: no earlier request is in progress that it could be about."""
    version = headers.get(mirrored.VERSION, legacy.WITHOUT_HEADER)
    if version not in VERSIONS:
        raise modern.unsupported(version)
    if received.is_response and version not in LEGACY_VERSIONS:
        raise ProtocolError(INVALID_REQUEST, "The body is a response. Send a request or a notification.")


def _client(request: Request, headers: Mapping[str, str]) -> Client:
    """The sender, whose version is in the header or, since 2026-07-28, in header and message. Raises ProtocolError."""
    version = headers.get(mirrored.VERSION)
    stated = modern.stated_version(request.params)
    if version in (None, *LEGACY_VERSIONS) and stated in (None, version):
        return legacy.client(version or legacy.WITHOUT_HEADER)
    return modern.client(request, headers)


def _result(request: Request, sender: Client, server: ServerInfo, methods: Methods) -> Json:
    """Raises ProtocolError, and what the method raises."""
    own = modern.METHODS if sender.is_modern else legacy.METHODS
    if request.method not in own and request.method not in methods:
        version = sender.protocol_version
        raise ProtocolError(METHOD_NOT_FOUND, f"There is no method '{shown(request.method)}' in version {version}.")
    note_mcp_method(request.method)
    if request.method in own:
        result = own[request.method](request.params, server)
    else:
        result = methods[request.method](request.params, sender)
    return modern.completed(request.method, result, server) if sender.is_modern else result
