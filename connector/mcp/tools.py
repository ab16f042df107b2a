"""The tools: operations of the contract, with the arguments that a model needs and descriptions for it."""

from typing import Any

from ..errors import ConnectorError
from ..executions import operations as executions
from ..models import snake_case
from .context import McpContext
from .protocol import INVALID_PARAMS, Client, Json, ProtocolError
from .results import execution_result, failure_result

LONGEST_WAIT_SECONDS = 50
"""For the end of a run. Some clients give up after 60 s (MCP SDK for TypeScript), others after 100 s."""

_TIMEOUT_SECONDS = 300


def list_tools(context: McpContext) -> list[Json]:
    """In a fixed order."""
    body = context.contract.operations["ExecutePythonCode"].bodies["application/json"]["properties"]
    names = ("pythonCode", "sessionId", "timeoutInSeconds")
    kept = ("type", "minLength", "maxLength", "minimum", "maximum", "pattern", "enum", "description")
    schema = {
        "type": "object",
        "properties": {name: {key: body[name][key] for key in kept if key in body[name]} for name in names},
        "required": ["pythonCode"],
        "additionalProperties": False,
    }
    return [{"name": "ExecutePythonCode", "description": "Run Python code in a session.", "inputSchema": schema}]


def call_tool(context: McpContext, params: Json, _: Client) -> Json:
    """The result of a tool. Raises ProtocolError for an unknown tool."""
    name, given = params.get("name"), params.get("arguments") or {}
    if name != "ExecutePythonCode":
        raise ProtocolError(INVALID_PARAMS, f"There is no tool {str(name)[:60]}. Call one of tools/list.")
    try:
        checked: dict[str, Any] = context.contract.operations[name].checked_body(given)
        arguments = {snake_case(member): value for member, value in checked.items()}
        execution = executions.execute_python_code(
            context.sessions,
            context.facts,
            **{"timeout_in_seconds": _TIMEOUT_SECONDS, **arguments},
            wait_in_seconds=min(context.settings.caller_wait_seconds, LONGEST_WAIT_SECONDS),
        )
    except ConnectorError as failure:
        return failure_result(failure)
    return execution_result(execution)
