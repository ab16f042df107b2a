"""The tools of the pool's MCP server, and the environments in which they run.

An environment has the ID of a session of the pool, which is created at the first use. When the session ends, so does
the environment.
"""

import json
import time
import uuid
from collections import OrderedDict
from typing import Any

from ..engines.interface import DATA
from ..sessions.execution import DEFAULT_STREAM_CHARACTERS, Execution, Request
from ..sessions.pool import Pool
from ..sessions.text import Text
from . import executions
from .calls import Call
from .errors import wire_error

INVALID_PARAMS = -32602
_SERVER_ERROR = -32000
_MAX_LAUNCHED = 10_000

LAUNCH, RUN_PYTHON, RUN_SHELL = "launchShell", "runPythonCodeInRemoteEnvironment", "runShellCommandInRemoteEnvironment"
_LAUNCH_ALIASES = (LAUNCH, "launchPythonEnvironment", "launchShellEnvironment")
"""Also its names in earlier versions of the tutorials."""

_ENVIRONMENT = {"type": "string", "description": "The environmentId that launchShell returned."}


def _tool(name: str, description: str, required: list[str], **properties: Any) -> dict[str, Any]:
    schema = {"type": "object", "properties": properties, "required": required}
    return {"name": name, "description": description, "inputSchema": schema}


TOOLS = [
    _tool(LAUNCH, "Creates a new environment and returns its environmentId.", []),
    _tool(
        RUN_SHELL,
        "Executes a shell command in an existing environment. Give shellCommand or execCommandAndArgs.",
        ["environmentId"],
        environmentId=_ENVIRONMENT,
        shellCommand={"type": "string", "description": "A command for the shell."},
        execCommandAndArgs={
            "type": "array",
            "items": {"type": "string"},
            "description": "A program and its arguments, which no shell reads.",
        },
    ),
    _tool(
        RUN_PYTHON,
        "Executes Python code in an existing environment.",
        ["environmentId", "pythonCode"],
        environmentId=_ENVIRONMENT,
        pythonCode={"type": "string", "description": "The code."},
    ),
]

# What runs a command in a Python pool. It writes where the kernel does, and its exit code is the value.
_COMMAND = """\
def _run(command):
    import os, signal, subprocess, sys
    os.chdir({data!r})
    try:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True)
    except (OSError, ValueError) as refusal:
        print(f"{{command[0]}}: {{getattr(refusal, 'strerror', None) or refusal}}", file=sys.stderr)
        return 127 if isinstance(refusal, FileNotFoundError) else 126
    try:
        status = process.wait()
    except BaseException:
        os.killpg(process.pid, signal.SIGKILL)
        raise
    return status if status >= 0 else 128 - status

_run({command!r})
"""


class McpError(Exception):
    """An error response of JSON-RPC."""

    def __init__(self, code: int, message: str, data: dict[str, Any] | None = None) -> None:
        super().__init__(message)
        self.code, self.data = code, data


class Environments:
    """Those that were launched and wait for their first use, each for as long as an unused session would live."""

    def __init__(self) -> None:
        self._launched: OrderedDict[str, float] = OrderedDict()

    def launch(self, pool: Pool) -> str:
        """The ID of a new one."""
        environment = str(uuid.uuid4())
        self._launched[environment] = time.monotonic() + pool.cooldown.total_seconds()
        if len(self._launched) > _MAX_LAUNCHED:
            self._launched.popitem(last=False)
        return environment

    async def open(self, call: Call, environment: Any) -> str:
        """The identifier of its session, which exists. Raises McpError, TooManySessions and EngineError."""
        if not isinstance(environment, str):
            raise McpError(INVALID_PARAMS, "environmentId is not a string. Call launchShell to get one.")
        if call.session_expires:
            self._launched.pop(environment, None)
            await call.pool.end(environment)
        is_waiting = self._launched.get(environment, 0) > time.monotonic()
        if not is_waiting and call.pool.find(environment) is None:
            raise McpError(
                INVALID_PARAMS, f"Environment '{environment}' was not found. Call launchShell to create a new one."
            )
        await call.pool.session(environment)
        self._launched.pop(environment, None)
        return environment


async def call_tool(call: Call, environments: Environments, params: dict[str, Any]) -> dict[str, Any]:
    """The result of `tools/call`. Code that fails is a result; raises McpError."""
    name, arguments = params.get("name"), params.get("arguments") or {}
    if not isinstance(arguments, dict):
        raise McpError(INVALID_PARAMS, "arguments is not an object.")
    if name in _LAUNCH_ALIASES:
        return _result({"environmentId": environments.launch(call.pool)})
    if name not in (RUN_PYTHON, RUN_SHELL):
        raise McpError(INVALID_PARAMS, f"Unknown tool: {name}")
    try:
        request = _request(name, arguments, is_shell_pool=call.pool.container_type == "Shell")
        environment = await environments.open(call, arguments.get("environmentId"))
        if request is None:
            return _refusal("A Shell pool does not execute Python code. Call runShellCommandInRemoteEnvironment.")
        execution, _ = await executions.execute(call, request, identifier=environment)
    except McpError:
        raise
    except Exception as failure:
        error = wire_error(failure, max_sessions=call.pool.max_sessions)
        code = INVALID_PARAMS if error.status == 400 else _SERVER_ERROR
        raise McpError(code, error.message, {"code": error.code}) from None
    return _result(_of_command(execution) if name == RUN_SHELL else _of_code(execution), execution)


def _request(tool: str, arguments: dict[str, Any], *, is_shell_pool: bool) -> Request | None:
    """The execution, or None if such a pool has no such executions. Raises WireError."""
    if tool == RUN_PYTHON:
        request = executions.code_request({"pythonCode": arguments.get("pythonCode")}, "pythonCode")
        return None if is_shell_pool else request
    members = {name: arguments.get(name) for name in ("shellCommand", "execCommandAndArgs")}
    request = executions.shell_request(members)
    if is_shell_pool:
        return request
    # Beside the code: it neither waits for the code nor changes its variables.
    return Request({"code": _COMMAND.format(data=DATA, command=request.program["command"])}, kernel="commands")


def _of_code(execution: Execution) -> dict[str, Any]:
    value = execution.value
    if isinstance(value, dict):
        value = ""  # an image: for what is not text, the service's samples tell models to print a data URI
    return {
        "status": execution.status,
        "stdout": execution.stdout,
        "stderr": execution.stderr,
        "executionResult": _beginning(value),
        "executionTimeInMilliseconds": execution.milliseconds,
    }


def _of_command(execution: Execution) -> dict[str, Any]:
    exit_code = execution.exit_code if "command" in execution.request.program else execution.value
    return {
        "status": executions.exit_status(exit_code),
        "stdout": execution.stdout,
        "stderr": execution.stderr,
        "executionTimeInMilliseconds": execution.milliseconds,
    }


def _beginning(value: Any) -> Any:
    """As much of a text as there is of a stream."""
    if isinstance(value, Text):
        value = next(value.pieces(), "")
    return value[:DEFAULT_STREAM_CHARACTERS] if isinstance(value, str) else value


def _result(content: dict[str, Any], execution: Execution | None = None) -> dict[str, Any]:
    """Also as text, for clients that do not know `structuredContent`, which is younger than the protocol's version."""
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    has_failed = execution is not None and execution.status == "Failed"
    return {"content": [{"type": "text", "text": text}], "structuredContent": content, "isError": has_failed}


def _refusal(why: str) -> dict[str, Any]:
    return {"content": [{"type": "text", "text": why}], "isError": True}
