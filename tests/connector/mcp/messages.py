"""Messages for the tests, as clients of each generation of the protocol send them."""

from typing import Any

from connector.mcp.protocol import LEGACY_VERSIONS, MODERN_VERSIONS, Client, Json, Methods, ProtocolError, ServerInfo

LEGACY, MODERN = LEGACY_VERSIONS[0], MODERN_VERSIONS[0]
PREFIX = "io.modelcontextprotocol/"
SERVER = ServerInfo("a-server", "1.2.3", "Use it.", {"tools": {}}, {"example.com/extension": {}})


def request(method: str, params: Any = None, request_id: Any = 1) -> Json:
    """Of the older generation."""
    message = {"jsonrpc": "2.0", "id": request_id, "method": method}
    return message if params is None else {**message, "params": params}


def legacy_headers(version: str = LEGACY) -> dict[str, str]:
    return {"mcp-protocol-version": version}


def modern_request(method: str, params: Json | None = None, request_id: Any = 1, **meta: Any) -> Json:
    """Of the newer generation. `meta` replaces members of `_meta`, whose prefix it does not have."""
    members = {"protocolVersion": MODERN, "clientCapabilities": {}, **meta}
    sent = {PREFIX + name: value for name, value in members.items() if value is not None}
    return request(method, {**(params or {}), "_meta": sent}, request_id)


def modern_headers(method: str, name: str | None = None, version: str = MODERN) -> dict[str, str]:
    headers = {"mcp-protocol-version": version, "mcp-method": method}
    return headers if name is None else {**headers, "mcp-name": name}


def _echo(params: Json, client: Client) -> Json:
    return {"params": params, "version": client.protocol_version, "extensions": client.extensions}


def _fail(params: Json, _: Client) -> Json:
    raise ProtocolError(params["code"], "It failed.", {"why": "asked for"})


METHODS: Methods = {
    "tools/list": _echo,
    "tools/call": _echo,
    "resources/read": _echo,
    "tasks/get": _echo,
    "fail": _fail,
}
