"""ExecutePythonCode, GetExecution and CancelExecution for models."""

from typing import Any

from ..executions import operations as executions
from ..models import Execution
from ..telemetry.activity import note_execution_status
from ..workspaces import runs as workspace_runs
from . import tasks
from .context import McpContext
from .protocol import Client, Json
from .results import execution_result

_LONGEST_WAIT_SECONDS = 45
"""For the end of a run. Some clients give up after 60 s (MCP SDK for TypeScript), and a pool that does not respond
takes ten more."""

_TIMEOUT_SECONDS = 300
"""Unless the model sets another one. It is longer than the wait, so a run that outlasts the call continues."""


def execute_python_code(context: McpContext, arguments: dict[str, Any], client: Client) -> Json:
    """The run when it has ended, or how to wait for it: as a task, for clients that know tasks."""
    context.sessions.admission.count_as_run()
    arguments = {"timeout_in_seconds": _TIMEOUT_SECONDS, **arguments}
    are_tasks = tasks.are_accepted(context, client)
    wait = tasks.WAIT_SECONDS if are_tasks else _wait_seconds(context)
    execution = workspace_runs.execute_python_code(
        context.reach,
        **arguments,
        wait_in_seconds=wait,
        direct_timeout_in_seconds=min(arguments["timeout_in_seconds"], _LONGEST_WAIT_SECONDS),
        include_content="always",
    )
    if are_tasks and execution.status == "Running":
        note_execution_status(execution.status)
        return tasks.create_task(context, execution, timeout_seconds=arguments["timeout_in_seconds"])
    return _result(execution)


def get_execution(context: McpContext, arguments: dict[str, Any], _: Client) -> Json:
    """Waits for the end of the run, so that models do not poll."""
    context.sessions.admission.count_as_run()
    execution = executions.get_execution(
        context.sessions,
        context.facts,
        **arguments,
        wait_in_seconds=_wait_seconds(context),
        include_content="always",
    )
    return _result(workspace_runs.after_earlier(context.reach, execution))


def cancel_execution(context: McpContext, arguments: dict[str, Any], _: Client) -> Json:
    execution = executions.cancel_execution(context.sessions, context.facts, **arguments, include_content="always")
    return _result(workspace_runs.after_earlier(context.reach, execution))


def _wait_seconds(context: McpContext) -> int:
    return min(context.settings.caller_wait_seconds, _LONGEST_WAIT_SECONDS)


def _result(execution: Execution) -> Json:
    note_execution_status(execution.status)
    return execution_result(execution)
