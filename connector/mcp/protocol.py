"""JSON-RPC messages of MCP over HTTP, one for each request: stateless, and answered with one JSON object.

It knows both generations of the protocol, that with `initialize` and that with `server/discover`, and nothing of what
the server offers: `Methods` are functions of a request's parameters.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]

VERSIONS = ("2025-11-25", "2025-06-18", "2025-03-26")

METHOD_NOT_FOUND, INVALID_PARAMS = -32601, -32602


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


Methods = Mapping[str, Callable[[Json, Client], Json]]
"""By name, such as `tools/call`: from `params` to the result, or raises ProtocolError."""


@dataclass(frozen=True)
class ServerInfo:
    name: str
    version: str
    instructions: str
    capabilities: Json


@dataclass(frozen=True)
class Answer:
    """`body` is None for a notification."""

    status: int
    body: Json | None


def answer(body: bytes, headers: Mapping[str, str], server: ServerInfo, methods: Methods) -> Answer:
    """`headers` have names in lower case. Raises nothing for any body and headers."""
    message = json.loads(body)
    if "id" not in message:
        return Answer(202, None)
    client = Client(headers.get("mcp-protocol-version", VERSIONS[-1]), {})
    try:
        result = _result(message["method"], message.get("params", {}), client, server, methods)
    except ProtocolError as failure:
        error: Json = {"code": failure.code, "message": failure.message}
        if failure.data is not None:
            error["data"] = failure.data
        return Answer(200, {"jsonrpc": "2.0", "id": message["id"], "error": error})
    return Answer(200, {"jsonrpc": "2.0", "id": message["id"], "result": result})


def _result(method: str, params: Json, client: Client, server: ServerInfo, methods: Methods) -> Json:
    if method == "initialize":
        asked = params.get("protocolVersion")
        return {
            "protocolVersion": asked if asked in VERSIONS else VERSIONS[0],
            "capabilities": server.capabilities,
            "serverInfo": {"name": server.name, "version": server.version},
            "instructions": server.instructions,
        }
    if method == "ping":
        return {}
    if method not in methods:
        raise ProtocolError(METHOD_NOT_FOUND, f"The method {method[:60]} is unknown.")
    return methods[method](params, client)
