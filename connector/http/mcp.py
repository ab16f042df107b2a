"""CallMcpServer: the MCP server, over HTTP as its protocol defines it ("Streamable HTTP", without streams).

A message is answered with JSON, whatever the header Accept has: the protocol lets the server choose, and requires
clients to read both JSON and streams. The server has no sessions and sends nothing by itself, so that there is nothing
to GET or to DELETE.
"""

from typing import Any

import azure.functions as func

from ..errors import ConnectorError, InvalidRequest, MethodNotAllowed, MethodNotFound
from ..mcp.context import McpContext
from ..mcp.messages import data_of, error_message, error_of
from ..mcp.methods import methods, server_info
from ..mcp.protocol import INVALID_REQUEST, PARSE_ERROR, ProtocolError
from ..mcp.server import answer
from ..transfers.transfer import Reach
from . import requests, responses
from .context import Context
from .json_text import parsed
from .origins import check_origin

_MOST_BYTES = 4 << 20
"""Of a message. The official SDK has the same limit."""

_EXAMPLE = '{"jsonrpc": "2.0", "id": 1, "method": "tools/list"}'
_ERRORS: dict[int, type[ConnectorError]] = {400: InvalidRequest, 404: MethodNotFound}
"""Of answers, for the header that has the code of an error, and for the log."""

_NOT_STORED = {"Cache-Control": "no-store"}


def call_mcp_server(context: Context, request: func.HttpRequest) -> func.HttpResponse:
    """Raises ConnectorError for requests that have no message to answer; `error_body` is for these."""
    check_origin(context.settings, request.headers.get("origin"))
    if request.method != "POST":
        raise MethodNotAllowed(
            "This is an MCP server without streams and sessions, which accepts only POST. Configure an MCP client with "
            "its address.",
            headers={"Allow": "POST", **_NOT_STORED},
        )
    try:
        arguments = requests.parameters(context.operation("CallMcpServer"), request)
    except InvalidRequest as failure:
        error = ProtocolError(INVALID_REQUEST, failure.message, data_of(failure))
        return responses.json_response(error_message(None, error), 400, {"x-ms-error-code": failure.code})
    message = _message(context, request)
    served = McpContext(
        context.settings,
        context.contract,
        context.sessions,
        context.facts,
        context.tokens,
        responses.base_url(context.settings, request, "/mcp"),
        arguments.get("resource_links", True),
        Reach(context.sessions, context.facts, context.storage, context.file_urls),
    )
    answered = answer(message, dict(request.headers), server_info(served), methods(served))
    if answered.body is None:
        return func.HttpResponse(status_code=answered.status, headers=dict(_NOT_STORED))
    kind = _ERRORS.get(answered.status)
    headers = dict(_NOT_STORED) if kind is None else {"x-ms-error-code": kind.__name__}
    return responses.json_response(answered.body, answered.status, headers)


def error_body(failure: ConnectorError) -> dict[str, Any]:
    """An error of JSON-RPC, which clients of MCP show to their users; they do not know the connector's own form."""
    if isinstance(failure, InvalidRequest):  # of the text: what is in it is answered
        return error_message(None, ProtocolError(PARSE_ERROR, failure.message, data_of(failure)))
    return error_message(None, error_of(failure))


def _message(context: Context, request: func.HttpRequest) -> Any:
    """The body as JSON. Raises InvalidRequest, LengthRequired, RequestTooLarge, UnsupportedMediaType, ConnectorBusy."""
    requests.check_is_json(context.operation("CallMcpServer"), request)
    code = context.operation("ExecutePythonCode").most_json_bytes or 0
    body = requests.complete_body(
        request,
        context.admission,
        copies=requests.COPIES_AS_JSON,
        most_bytes=max(_MOST_BYTES, code),  # code of the longest permitted length fits, also if the setting allows more
        remedy="Upload a large file to an address that the tool CreateUploadUrl returns",
    )
    return parsed(body, _EXAMPLE)
