"""The pool's own MCP server: JSON-RPC 2.0, one message per POST, at `mcp` below the pool's URL.

On Azure, `mcpServerSettings.isMCPServerEnabled` turns it on, and the call `fetchMCPServerCredentials` of Azure Resource
Manager returns its key, which callers send in `x-ms-apikey`; the tokens for other routes are refused. It has no
sessions of the protocol: every message stands alone. Sources: Microsoft Learn, Azure Container Apps, February 2026: the
pages mcp-overview, mcp-authentication and mcp-troubleshooting, and the tutorials sessions-tutorial-python-mcp and
-shell-mcp. What they leave open is chosen, as docs/session-pool-emulator.md lists it.
"""

import secrets
from dataclasses import dataclass, field
from math import isfinite
from typing import Any

from starlette.responses import Response

from .calls import Call
from .errors import MalformedBody, WireError, error_response
from .json_responses import json_response
from .mcp_tools import INVALID_PARAMS, TOOLS, Environments, McpError, call_tool

ROUTE = "mcp"
KEY_HEADER = "x-ms-apikey"
PROTOCOL_VERSION = "2025-03-26"
"""The only one, whichever a client asks for."""

_PARSE_ERROR, _INVALID_REQUEST, _METHOD_NOT_FOUND = -32700, -32600, -32601
_INITIALIZED = {
    "protocolVersion": PROTOCOL_VERSION,
    "capabilities": {"tools": {"call": True, "list": True}},
    "serverInfo": {"name": "Microsoft Container Apps MCP Server", "version": "1.0.0"},
}


@dataclass(frozen=True)
class McpServer:
    """The MCP server of one pool. `key` is what Azure calls `apiKey`."""

    key: str = field(default_factory=lambda: secrets.token_urlsafe(32), repr=False)
    _environments: Environments = field(default_factory=Environments, repr=False)

    async def answer(self, call: Call) -> Response:
        """For a message that has an id, JSON with its result or error; 202 for any other."""
        if not secrets.compare_digest(call.http.headers.get(KEY_HEADER, "").encode(), self.key.encode()):
            return Response(status_code=401)
        if call.method != "POST":
            return Response(status_code=405, headers={"Allow": "POST"})
        try:
            message = await call.json_value()
        except MalformedBody:
            return _error(None, McpError(_PARSE_ERROR, "The body is not JSON."), status=400)
        except WireError as refused:  # too large
            return error_response(refused, max_sessions=call.pool.max_sessions)
        if not _is_message(message):
            invalid = McpError(_INVALID_REQUEST, "The body is not one JSON-RPC 2.0 request.")
            return _error(None, invalid, status=400)
        if "id" not in message:
            return Response(status_code=202)  # a notification
        try:
            result = await self._result(call, message["method"], message.get("params"))
        except McpError as error:
            return _error(message["id"], error)
        return json_response({"jsonrpc": "2.0", "id": message["id"], "result": result})

    async def _result(self, call: Call, method: str, params: Any) -> dict[str, Any]:
        """Raises McpError."""
        if not isinstance(params, dict | None):
            raise McpError(INVALID_PARAMS, "params is not an object.")
        match method:
            case "initialize":
                return _INITIALIZED
            case "tools/list":
                return {"tools": TOOLS}
            case "tools/call":
                return await call_tool(call, self._environments, params or {})
        raise McpError(_METHOD_NOT_FOUND, f"Method not found: {method}")


def _is_message(message: Any) -> bool:
    """A request or a notification. There is nothing to which a client could send a response."""
    return (
        isinstance(message, dict)
        and message.get("jsonrpc") == "2.0"
        and isinstance(message.get("method"), str)
        and _is_id(message.get("id", 0))
    )


def _is_id(value: Any) -> bool:
    """A string or a number, but none such as infinity, which JSON lacks: the response repeats it."""
    if isinstance(value, float):
        return isfinite(value)
    return isinstance(value, str | int) and not isinstance(value, bool)


def _error(message_id: Any, error: McpError, *, status: int = 200) -> Response:
    described = {"code": error.code, "message": str(error), **({"data": error.data} if error.data else {})}
    return json_response({"jsonrpc": "2.0", "id": message_id, "error": described}, status=status)
