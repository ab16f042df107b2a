"""What only the versions before 2026-07-28 have: the handshake, and `ping`.

The server keeps nothing between requests: it issues no session ID, and takes each request's version from its header.
"""

from collections.abc import Callable, Mapping

from .protocol import INVALID_PARAMS, LEGACY_VERSIONS, Client, Json, ProtocolError, ServerInfo

WITHOUT_HEADER = "2025-03-26"
"""The version of a request whose headers state none: the header is newer."""


def initialize(params: Json, server: ServerInfo) -> Json:
    """The version that the client asks for, or the newest. Raises ProtocolError."""
    asked = params.get("protocolVersion")
    if asked is not None and not isinstance(asked, str):
        raise ProtocolError(INVALID_PARAMS, "The parameter protocolVersion is not a string. Send a version.")
    return {
        "protocolVersion": asked if asked in LEGACY_VERSIONS else LEGACY_VERSIONS[0],
        "capabilities": server.capabilities,
        "serverInfo": server.implementation,
        "instructions": server.instructions,
    }


def client(version: str) -> Client:
    """Its capabilities are unknown: it has stated them in another request."""
    return Client(version, {})


def ping(_: Json, __: ServerInfo) -> Json:
    return {}


METHODS: Mapping[str, Callable[[Json, ServerInfo], Json]] = {"initialize": initialize, "ping": ping}
