"""What only versions since 2026-07-28 have: each request states its version and what its sender can do."""

from collections.abc import Callable, Mapping
from typing import Any

from . import headers as mirrored
from .messages import Request, shown
from .protocol import (
    HEADER_MISMATCH,
    INVALID_PARAMS,
    INVALID_REQUEST,
    METHOD_NOT_FOUND,
    MISSING_CLIENT_CAPABILITY,
    MODERN_VERSIONS,
    PARSE_ERROR,
    UNSUPPORTED_PROTOCOL_VERSION,
    VERSIONS,
    Client,
    Json,
    ProtocolError,
    ServerInfo,
)

_PREFIX = "io.modelcontextprotocol/"
_VERSION, _CAPABILITIES, _SERVER = _PREFIX + "protocolVersion", _PREFIX + "clientCapabilities", _PREFIX + "serverInfo"

_FRESH_MILLISECONDS = 300_000
"""What the server offers changes when its settings do, or with a new version of the app."""

_CACHED = {
    "server/discover": (_FRESH_MILLISECONDS, "public"),
    "tools/list": (_FRESH_MILLISECONDS, "public"),
    "prompts/list": (_FRESH_MILLISECONDS, "public"),
    "resources/templates/list": (_FRESH_MILLISECONDS, "public"),
    "resources/list": (0, "private"),
    "resources/read": (0, "private"),
}
"""For how long and for whom clients may keep results: "public" ones are the same for all callers. Files can change at
any time.
"""

STATUSES = {
    PARSE_ERROR: 400,
    INVALID_REQUEST: 400,
    INVALID_PARAMS: 400,
    HEADER_MISMATCH: 400,
    MISSING_CLIENT_CAPABILITY: 400,
    UNSUPPORTED_PROTOCOL_VERSION: 400,
    METHOD_NOT_FOUND: 404,
}
"""The HTTP status of an error code. Others have 200."""


def stated_version(params: Json) -> Any:
    """The version that the request itself states, of any type; None in earlier versions."""
    meta = params.get("_meta")
    return meta.get(_VERSION) if isinstance(meta, dict) else None


def client(request: Request, headers: Mapping[str, str]) -> Client:
    """The sender of a request. `headers` have names in lower case. Raises ProtocolError."""
    received, stated = headers.get(mirrored.VERSION), stated_version(request.params)
    if stated is None and received not in (None, *MODERN_VERSIONS):
        raise unsupported(str(received))
    meta = request.params.get("_meta")
    capabilities = meta.get(_CAPABILITIES) if isinstance(meta, dict) else None
    for name, value, kind in ((_VERSION, stated, str), (_CAPABILITIES, capabilities, dict)):
        if not isinstance(value, kind):
            what = "a string" if kind is str else "an object"
            raise ProtocolError(INVALID_PARAMS, f"params._meta has no {name} that is {what}. Send it in each request.")
    mirrored.check(headers, request, stated)
    if stated not in MODERN_VERSIONS:
        raise unsupported(stated)
    extensions = capabilities.get("extensions") if isinstance(capabilities, dict) else None
    return Client(stated, extensions if isinstance(extensions, dict) else {})


def unsupported(version: str) -> ProtocolError:
    return ProtocolError(
        UNSUPPORTED_PROTOCOL_VERSION,
        f"The protocol version '{shown(version)}' is not supported. Use one of {', '.join(VERSIONS)}.",
        {"supported": list(VERSIONS), "requested": shown(version)},
    )


def discover(_: Json, server: ServerInfo) -> Json:
    capabilities = (
        {**server.capabilities, "extensions": server.extensions} if server.extensions else server.capabilities
    )
    return {
        "supportedVersions": list(VERSIONS),
        "capabilities": capabilities,
        "instructions": server.instructions,
    }


METHODS: Mapping[str, Callable[[Json, ServerInfo], Json]] = {"server/discover": discover}


def completed(method: str, result: Json, server: ServerInfo) -> Json:
    """A result with what each must state. What the method itself states has precedence."""
    described = {"resultType": "complete", **result}
    if method in _CACHED and described["resultType"] == "complete":
        fresh, scope = _CACHED[method]
        described = {"ttlMs": fresh, "cacheScope": scope, **described}
    return {**described, "_meta": {_SERVER: server.implementation, **result.get("_meta", {})}}
