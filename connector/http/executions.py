"""ExecutePythonCode, GetExecution, CancelExecution and PollExecution."""

import azure.functions as func

from ..errors import ExecutionNotFound
from ..executions import operations as executions
from ..models import Execution
from ..telemetry.activity import note_execution_status
from . import requests, responses, run_headers, workspace_runs
from .context import Context

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
    workspace_id = arguments.pop("workspace_id", None)
    used = workspace_runs.before(context, arguments, workspace_id)
    execution = executions.execute_python_code(context.sessions, context.facts, **arguments)
    execution = workspace_runs.after(context, execution, used, arguments["wait_in_seconds"])
    response = _response(context, request, "/executions", execution, arguments.get("include_content", "auto"))
    response.headers.update(applied)
    return response


def get_execution(context: Context, request: func.HttpRequest) -> func.HttpResponse:
    arguments = requests.parameters(context.operation("GetExecution"), request)
    workspace_id = arguments.pop("workspace_id", None)
    execution = executions.get_execution(context.sessions, context.facts, **arguments)
    execution = workspace_runs.after(context, execution, workspace_runs.used_before(workspace_id))
    return _response(context, request, "/executions", execution, arguments.get("include_content", "auto"))


def cancel_execution(context: Context, request: func.HttpRequest) -> func.HttpResponse:
    arguments = requests.parameters(context.operation("CancelExecution"), request)
    execution = executions.cancel_execution(context.sessions, context.facts, **arguments)
    return _response(context, request, "/executions", execution, arguments.get("include_content", "auto"))


def poll_execution(context: Context, request: func.HttpRequest) -> func.HttpResponse:
    requests.parameters(context.operation("PollExecution"), request)
    if context.address is None:
        raise ExecutionNotFound(
            "This address is not one of the connector's, or has expired. Get the execution by its execution ID and "
            "session ID with GetExecution.",
            target="token",
        )
    include_content = context.address["includeContent"]
    execution = executions.get_execution(
        context.sessions,
        context.facts,
        session_id=context.address["sessionId"],
        execution_id=context.address["executionId"],
        include_content=include_content,
    )
    used = workspace_runs.used_before(context.address.get("workspaceId"))
    execution = workspace_runs.after(context, execution, used)
    return _response(context, request, "/polls", execution, include_content)


def _response(
    context: Context, request: func.HttpRequest, route: str, execution: Execution, include_content: str
) -> func.HttpResponse:
    """A run that has not ended is a 202 whose Location can be polled. With a SIGNING_KEY, the address needs no
    function key. `route` is the request's.
    """
    note_execution_status(execution.status)
    if execution.status != "Running":
        return responses.json_response(execution)
    base = responses.base_url(context.settings, request, route)
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
