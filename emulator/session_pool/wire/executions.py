"""Executions as all wire families request them: the members of a body, the run, and the headers about its duration."""

import base64
import time
import uuid
from dataclasses import replace
from typing import Any
from urllib.parse import quote

from ..sessions.execution import DEFAULT_STREAM_CHARACTERS, Execution, Request
from .calls import Call
from .errors import invalid, missing

_ENDING_SECONDS = 0.5  # from the end of an interpreter to that of its session, if they end together


def code_request(members: dict[str, Any], code_member: str = "code", **options: Any) -> Request:
    """The execution that a body requests; `options` are passed to Request. Raises WireError."""
    code = members.get(code_member)
    if not isinstance(code, str):
        raise missing(code_member)
    input_type = str(members.get("codeInputType") or "Inline").lower()
    if input_type == "inlinebase64":
        try:
            code = base64.b64decode(code, validate=True).decode()
        except ValueError:
            raise invalid("code is not base64 of UTF-8 text") from None
    elif input_type not in ("inline", "inlinetext"):
        raise invalid(f"codeInputType '{members['codeInputType']}' is not Inline, InlineText or InlineBase64")
    return Request({"code": code}, timeout_seconds=positive(members, "timeoutInSeconds"), **options)


def shell_request(members: dict[str, Any]) -> Request:
    """The execution that a body for a Shell pool requests. Raises WireError."""
    line, command = members.get("shellCommand"), members.get("execCommandAndArgs")
    if line is None and command is None:
        raise missing("shellCommand")
    if line is not None and command is not None:
        raise invalid("shellCommand and execCommandAndArgs exclude each other")
    if line is not None:
        command = ["/bin/bash", "-lc", line]
    if not isinstance(command, list) or not command or not all(isinstance(argument, str) for argument in command):
        raise invalid("shellCommand is a string, execCommandAndArgs a list of strings")
    if any("\0" in argument for argument in command):
        raise invalid("a command has no NUL characters")
    given = members.get("stdin") or ""
    if not isinstance(given, str):
        raise invalid("stdin is not a string")
    return Request(
        {"command": command, "input": given},
        timeout_seconds=positive(members, "timeoutInSeconds"),
        stream_characters=stream_characters(members),
    )


def exit_status(exit_code: int | None) -> str:
    """A command's exit code as the service's Shell pools report it; -1 if the command was stopped."""
    return str(-1 if exit_code is None else exit_code)


def positive(members: dict[str, Any], name: str) -> int | None:
    """A whole number above 0, or None if it is absent. Raises WireError."""
    value = members.get(name)
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool) or not 0 < value < 1 << 31:
        raise invalid(f"{name} is not a whole number above 0")
    return value


def stream_characters(members: dict[str, Any]) -> int:
    """Raises WireError."""
    return positive(members, "outputStreamsMaxLength") or DEFAULT_STREAM_CHARACTERS


async def execute(
    call: Call, request: Request, *, identifier: str, execution_id: str | None = None
) -> tuple[Execution, dict[str, str]]:
    """Runs the request to its end. Also returns the service's headers on how long each step took."""
    arrived = time.monotonic()
    is_new = call.pool.find(identifier) is None
    session = await call.pool.session(identifier)
    allocated = time.monotonic()
    execution = await session.execute(execution_id or str(uuid.uuid4()), _with_fault(call, request))
    if execution.never_began and await session.dies_within(_ENDING_SECONDS):
        # A session whose processes were killed; to the caller, as if that had happened a moment earlier.
        session = await call.pool.session(identifier)
        execution = await session.execute(execution.execution_id, _with_fault(call, request))
    answered = time.monotonic()
    headers = {
        "x-ms-allocation-retries": "0",
        "x-ms-allocation-time": _milliseconds(allocated - arrived),
        "x-ms-container-execution-duration": str(execution.milliseconds),
        "x-ms-execution-read-response-time": _milliseconds(answered - execution.ended),
        "x-ms-execution-request-time": str(round((answered - execution.started) * 1000)),
        "x-ms-overall-execution-time": _milliseconds(answered - allocated),
        "x-ms-preparation-time": _milliseconds(execution.started - allocated),
        "x-ms-session-guid": str(session.guid),
        "x-ms-total-execution-service-time": _milliseconds(answered - arrived),
    }
    if call.api_version >= "2025":
        headers["x-ms-new-allocation"] = str(is_new).lower()
    return execution, headers


async def start(call: Call, request: Request, *, execution_id: str) -> Execution:
    """Starts the request, which continues when this has returned."""
    execution, _ = (await call.session()).start(execution_id, _with_fault(call, request))
    return execution


def _with_fault(call: Call, request: Request) -> Request:
    return replace(request, fault=call.fault)


def operation_location(call: Call, execution_id: str) -> str:
    """The URL at which an asynchronous execution can be polled."""
    return call.address(f"executions/{quote(execution_id, safe='')}", identifier=call.identifier)


def _milliseconds(seconds: float) -> str:
    return f"{seconds * 1000:.4f}"
