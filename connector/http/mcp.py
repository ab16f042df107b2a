"""CallMcpServer: the MCP server, over HTTP as its protocol defines it ("Streamable HTTP", without streams)."""

import json

import azure.functions as func

from ..mcp.context import McpContext
from ..mcp.methods import methods, server_info
from ..mcp.protocol import answer
from . import requests, responses
from .context import Context


def call_mcp_server(context: Context, request: func.HttpRequest) -> func.HttpResponse:
    if request.method != "POST":
        return func.HttpResponse(status_code=405, headers={"Allow": "POST"})
    body = requests.complete_body(request, context.admission)
    served = McpContext(
        context.settings,
        context.contract,
        context.sessions,
        context.facts,
        context.tokens,
        responses.base_url(context.settings, request, "/mcp"),
    )
    answered = answer(body, dict(request.headers), server_info(served), methods(served))
    if answered.body is None:
        return func.HttpResponse(status_code=answered.status)
    return func.HttpResponse(
        json.dumps(answered.body).encode(), status_code=answered.status, mimetype="application/json"
    )
