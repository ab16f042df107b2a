"""What the server offers: the methods of tools and resources, for the caller of one request."""

from .context import McpContext
from .protocol import Methods, ServerInfo
from .tools import call_tool, list_tools

INSTRUCTIONS = (
    "Runs Python code on files. A session is an isolated Python interpreter with the folder /mnt/data. Pass the "
    "session ID that a result states to later calls, to use the same files and variables."
)


def server_info(context: McpContext) -> ServerInfo:
    version = str(context.contract.document["info"]["version"])
    return ServerInfo("code-interpreter", version, INSTRUCTIONS, {"tools": {}})


def methods(context: McpContext) -> Methods:
    return {
        "tools/list": lambda _, __: {"tools": list_tools(context)},
        "tools/call": lambda params, client: call_tool(context, params, client),
    }
