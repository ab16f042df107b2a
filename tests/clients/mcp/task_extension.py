"""The extension io.modelcontextprotocol/tasks for the MCP SDK for Python, which has the hooks for it and not the rest.

The client states that it knows tasks; a result that is a task is polled until it has ended, and is then the tool's.
Source: modelcontextprotocol/ext-tasks, specification/draft/tasks.md.
"""

from collections.abc import Sequence
from typing import Any, Literal

import anyio
from mcp.client.extension import ClaimContext, ClientExtension, ResultClaim
from mcp.client.session import ClientSession
from mcp_types import CallToolResult, Request, Result


class CreatedTask(Result):
    """Of tools/call."""

    result_type: Literal["task"] = "task"
    task_id: str
    status: str
    created_at: str
    last_updated_at: str
    ttl_ms: int | None
    poll_interval_ms: int | None = None


class TaskState(Result):
    """Of tasks/get."""

    result_type: Literal["complete"] = "complete"
    task_id: str
    status: Literal["working", "input_required", "completed", "failed", "cancelled"]
    created_at: str
    last_updated_at: str
    ttl_ms: int | None
    poll_interval_ms: int | None = None
    result: dict[str, Any] | None = None
    error: dict[str, Any] | None = None


class GetTask(Request[dict[str, Any], Literal["tasks/get"]]):
    method: Literal["tasks/get"] = "tasks/get"
    name_param = "taskId"


class CancelTask(Request[dict[str, Any], Literal["tasks/cancel"]]):
    method: Literal["tasks/cancel"] = "tasks/cancel"
    name_param = "taskId"


class Tasks(ClientExtension):
    """`created` has the tasks of all calls, `states` what polls returned. With `cancels`, each task is canceled."""

    identifier = "io.modelcontextprotocol/tasks"

    def __init__(self, *, cancels: bool = False) -> None:
        self._cancels = cancels
        self.created: list[CreatedTask] = []
        self.states: list[TaskState] = []

    def claims(self) -> Sequence[ResultClaim[Any]]:
        return [ResultClaim(result_type="task", model=CreatedTask, resolve=self._resolve)]

    async def _resolve(self, created: CreatedTask, context: ClaimContext) -> CallToolResult:
        self.created.append(created)
        if self._cancels:
            params = {"taskId": created.task_id}
            await context.session.send_request(CancelTask(params=params), Result)
        while True:
            state = await get_task(context.session, created.task_id)
            self.states.append(state)
            if state.status == "completed":
                return CallToolResult.model_validate(state.result, by_name=False)
            if state.status == "cancelled":
                return CallToolResult(content=[], is_error=True)
            assert state.status == "working", state
            await anyio.sleep((state.poll_interval_ms or 0) / 1000)


async def get_task(session: ClientSession, task_id: str) -> TaskState:
    return await session.send_request(GetTask(params={"taskId": task_id}), TaskState)
