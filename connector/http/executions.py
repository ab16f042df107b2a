"""ExecutePythonCode, GetExecution, CancelExecution and PollExecution."""

from typing import Any

import azure.functions as func

from ..callers.signed_tokens import require_tokens
from ..errors import ExecutionNotFound
from ..executions import operations as executions
from ..links.execution_links import Publisher, with_links
from ..models import Execution
from ..telemetry.activity import note_execution_status
from ..workspaces import runs as workspace_runs
from . import requests, responses, run_headers
from .context import Context
from .transfers import reach_of

POLL = "poll"
"""The purpose of the token in PollExecution's address."""

_POLL_LIFETIME_SECONDS = 24 * 3600.0
_SHORTEST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS = 2, 20
"""Between polls: a tenth of the time that the run has taken."""


def execute_python_code(context: Context, request: func.HttpRequest) -> func.HttpResponse:
    operation = context.operation("ExecutePythonCode")
    requests.parameters(operation, request)
    body, applied = run_headers.with_members(requests.json_body(operation, request, context.admission), request.headers)
    arguments = {
        "wait_in_seconds": context.settings.caller_wait_seconds,
        **requests.arguments(operation.checked_body(body)),
    }
    include_content = _include_content(context, arguments)
    execution = workspace_runs.execute_python_code(reach_of(context), **arguments)
    response = _response(context, request, "/executions", execution, include_content)
    response.headers.update(applied)
    return response


def get_execution(context: Context, request: func.HttpRequest) -> func.HttpResponse:
    arguments = requests.parameters(context.operation("GetExecution"), request)
    include_content = _include_content(context, arguments)
    execution = executions.get_execution(context.sessions, context.facts, **arguments)
    execution = workspace_runs.after_earlier(reach_of(context), execution)
    return _response(context, request, "/executions", execution, include_content)


def cancel_execution(context: Context, request: func.HttpRequest) -> func.HttpResponse:
    arguments = requests.parameters(context.operation("CancelExecution"), request)
    include_content = _include_content(context, arguments)
    execution = executions.cancel_execution(context.sessions, context.facts, **arguments)
    execution = workspace_runs.after_earlier(reach_of(context), execution)
    return _response(context, request, "/executions", execution, include_content)


def poll_execution(context: Context, request: func.HttpRequest) -> func.HttpResponse:
    requests.parameters(context.operation("PollExecution"), request)
    if context.address is None:
        raise ExecutionNotFound(
            "This address is not one of the connector's, or has expired. Get the execution by its execution ID and "
            "session ID with GetExecution.",
            target="token",
        )
    arguments = {
        "session_id": context.address["sessionId"],
        "execution_id": context.address["executionId"],
        "include_content": context.address["includeContent"],
    }
    include_content = _include_content(context, arguments)
    execution = executions.get_execution(context.sessions, context.facts, **arguments)
    if workspace_id := context.address.get("workspaceId"):
        used = workspace_runs.used_before(workspace_id)
        execution = workspace_runs.after(reach_of(context), execution, used)
    return _response(context, request, "/polls", execution, include_content)


def _include_content(context: Context, arguments: dict[str, Any]) -> str:
    """Returns what the caller wants. For links, the arguments become those of the complete execution, to which links
    are added. Raises InternalError for links without a SIGNING_KEY, before any code runs.
    """
    include_content: str = arguments.get("include_content", "auto")
    if include_content == "links":
        require_tokens(context.tokens, "links")
        arguments["include_content"] = "always"
    return include_content


def _with_links(context: Context, base_url: str, execution: Execution) -> Execution:
    tokens = require_tokens(context.tokens, "links")
    return with_links(reach_of(context), Publisher(tokens, base_url, context.settings.link_max_hours), execution)


def _response(
    context: Context, request: func.HttpRequest, route: str, execution: Execution, include_content: str
) -> func.HttpResponse:
    """A run that has not ended is a 202 whose Location can be polled. With a SIGNING_KEY, the address needs no
    function key. `route` is the request's.
    """
    note_execution_status(execution.status)
    base = responses.base_url(context.settings, request, route)
    if include_content == "links":
        execution = _with_links(context, base, execution)
    if execution.status != "Running":
        return responses.json_response(execution)
    if context.tokens is None:
        location = f"{base}/executions/{execution.execution_id}?sessionId={execution.session_id}"
    else:
        address = {
            "sessionId": execution.session_id,
            "executionId": execution.execution_id,
            "includeContent": include_content,
            "caller": context.sessions.caller,
        }
        if execution.workspace is not None:
            address["workspaceId"] = execution.workspace.workspace_id
        location = f"{base}/polls?token={context.tokens.seal(POLL, address, lifetime_seconds=_POLL_LIFETIME_SECONDS)}"
    pause = min(max(execution.duration_in_milliseconds // 10_000, _SHORTEST_PAUSE_SECONDS), _LONGEST_PAUSE_SECONDS)
    # Logic Apps follows Location, and Azure's SDKs Operation-Location.
    headers = {"Retry-After": str(pause), "Location": location, "Operation-Location": location}
    return responses.json_response(execution, 202, headers)
