"""What the parts of the MCP server share: methods, who calls them, errors, and the versions of the protocol.

There are two generations of it. In versions before 2026-07-28 a client begins with `initialize`; since then each
request states its version and what its sender can do.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]

MODERN_VERSIONS = ("2026-07-28",)
LEGACY_VERSIONS = ("2025-11-25", "2025-06-18", "2025-03-26")
VERSIONS = (*MODERN_VERSIONS, *LEGACY_VERSIONS)
"""All that are served, the newest first."""

PARSE_ERROR, INVALID_REQUEST, METHOD_NOT_FOUND, INVALID_PARAMS, INTERNAL_ERROR = -32700, -32600, -32601, -32602, -32603
"""Of JSON-RPC 2.0."""

RESOURCE_NOT_FOUND = -32002
"""Before 2026-07-28, whose code for it is INVALID_PARAMS."""

HEADER_MISMATCH, MISSING_CLIENT_CAPABILITY, UNSUPPORTED_PROTOCOL_VERSION = -32020, -32021, -32022
"""Since 2026-07-28."""


class ProtocolError(Exception):
    """An error of the JSON-RPC level. `data` is JSON."""

    def __init__(self, code: int, message: str, data: Any = None) -> None:
        super().__init__(message)
        self.code, self.message, self.data = code, message, data


@dataclass(frozen=True)
class Client:
    """What a request states about its sender. `extensions` are those of its capabilities; empty before 2026-07-28."""

    protocol_version: str
    extensions: Json

    @property
    def is_modern(self) -> bool:
        """Whether it speaks 2026-07-28 or later."""
        return self.protocol_version in MODERN_VERSIONS


Methods = Mapping[str, Callable[[Json, Client], Json]]
"""By name, such as `tools/call`: from `params` to the result, or raises ProtocolError or ConnectorError.

A result does not depend on the version of the protocol, except where the method decides that by its Client.
"""


@dataclass(frozen=True)
class ServerInfo:
    """`extensions` are the optional parts of the protocol since 2026-07-28 that the server has, with their settings."""

    name: str
    version: str
    instructions: str
    capabilities: Json
    extensions: Json = field(default_factory=dict)

    @property
    def implementation(self) -> Json:
        return {"name": self.name, "version": self.version}
