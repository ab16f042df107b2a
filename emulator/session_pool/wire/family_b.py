"""The wire of api-versions 2024-10-02-, 2025-02-02- and 2025-10-02-preview: flat bodies, `executions`, `Succeeded`.

The versions differ in the members of files, in the routes for sessions, and in the status of an execution; `FamilyB`
has a switch for each difference.
"""

import asyncio
import uuid
from dataclasses import dataclass
from typing import Any

from starlette.responses import PlainTextResponse, Response

from ..engines.interface import Entry
from ..sessions.execution import Execution, Request
from ..sessions.session import Session
from . import executions, files
from .calls import Call
from .errors import WireError, invalid
from .json_responses import json_response, time_text, verbatim
from .lists import file_list
from .metadata import metadata

SESSIONS_PER_PAGE = 300


@dataclass(frozen=True)
class FamilyB:
    """One version. The defaults are those of the newest."""

    api_versions: str = "2025-02-02-preview, 2025-10-02-preview"
    """The header `api-supported-versions`."""

    reference_ids: bool = False
    synchronous_status: int = 200
    has_types_of_uploads: bool = True
    has_sessions: bool = True
    has_folders: bool = True
    """`recursive` lists, and the member `directory`."""

    has_stop_session: bool = True
    takes_legacy_audience: bool = False
    """Tokens for the private preview, which Semantic Kernel requests for the first of these versions, too."""

    async def answer(self, call: Call) -> Response:
        """Raises what `errors.error_response` handles."""
        match call.method, call.segments:
            case "POST", ["executions"]:
                return await self._execute(call)
            case "GET", ["executions", execution_id]:
                return self._get_execution(call, execution_id)
            case "POST", ["files"]:
                entry, _ = await files.store_upload(call)
                return self._json(self._file(entry, is_upload=True))
            case "GET", ["files"]:
                recursive = self.has_folders and call.parameter("recursive").lower() == "true"
                return await file_list(
                    call, self._file, recursive=recursive, has_folders=True, reference_ids=self.reference_ids
                )
            case "GET", ["files", *steps, "content"] if steps:
                return await files.file_content(call, *call.path(steps))
            case "GET", ["files", *steps]:
                entry = await files.file_entry(call, *call.path(steps))
                body = {"name": entry.name, "sizeInBytes": entry.size, "lastModifiedAt": time_text(entry.modified)}
                return self._json(body)
            case "DELETE", ["files", *steps] if steps:
                return await files.delete_file(call, *call.path(steps))
            case method, [route, *steps] if self.has_sessions:
                return await self._answer_of_sessions(call, method, [route, *steps])
        raise call.unsupported()

    async def _answer_of_sessions(self, call: Call, method: str, steps: list[str]) -> Response:
        match method, steps:
            case "GET", ["session"]:
                return self._json(_session(call.existing_session()))
            case "DELETE", ["session"]:
                await call.pool.end(call.existing_session().identifier)
                return Response(status_code=204)
            case "GET", ["listSessions"]:
                return self._json(_page_of_sessions(call))
            case "GET", ["metadata"]:
                return self._json(await asyncio.to_thread(metadata, call.pool))
            case "POST", [".management", "stopSession"] if self.has_stop_session:
                return await _stop_session(call)
        raise call.unsupported()

    async def _execute(self, call: Call) -> Response:
        members = await call.json()
        is_shell = call.pool.container_type == "Shell"
        request = executions.shell_request(members) if is_shell else _code_request(members)
        execution_id = call.http.headers.get("operation-id") or str(uuid.uuid4())
        identifier = call.identifier
        if request.kernel == "asynchronous":
            execution = await executions.start(call, request, execution_id=execution_id)
            headers = {
                "operation-id": execution_id,
                "operation-location": executions.operation_location(call, execution_id),
            }
            return self._json(_execution(identifier, execution), status=202, headers=headers)
        execution, headers = await executions.execute(call, request, identifier=identifier, execution_id=execution_id)
        status = 200 if is_shell else self.synchronous_status
        return self._json(_execution(identifier, execution), status=status, headers=headers)

    def _get_execution(self, call: Call, execution_id: str) -> Response:
        session = call.pool.find(call.identifier)
        execution = session.execution(execution_id) if session else None
        if session is None or execution is None:
            message = f"No execution available for operation Id: {execution_id}"
            raise WireError(404, "ExecutionNotFound", message)
        session.touch()
        return self._json(_execution(session.identifier, execution))

    def _file(self, entry: Entry, *, is_upload: bool = False) -> dict[str, Any]:
        is_typed = self.has_types_of_uploads or not is_upload
        body = {
            "name": entry.name,
            "type": ("directory" if entry.is_folder else "file") if is_typed else "",
            "contentType": entry.content_type if is_typed else "",
            "sizeInBytes": entry.size,
            "lastModifiedAt": time_text(entry.modified),
        }
        if self.has_folders:
            body["directory"] = entry.directory
        return body

    def _json(self, body: dict[str, Any], *, status: int = 200, headers: dict[str, str] | None = None) -> Response:
        return json_response(body, status=status, headers=headers, reference_ids=self.reference_ids)


def _code_request(members: dict[str, Any]) -> Request:
    execution_type = members.get("executionType") or "Synchronous"
    kernel = "empty" if _flag(members, "useEmptyKernel") else "main"
    match str(execution_type).lower():
        case "asynchronous":
            kernel = "asynchronous"
        case other if other != "synchronous":
            raise invalid(f"executionType '{execution_type}' is not Synchronous or Asynchronous")
    return executions.code_request(
        members,
        kernel=kernel,
        stream_characters=executions.stream_characters(members),
        jupyter_format=_flag(members, "returnJupyterFormatExecutionResult"),
        execution_type=execution_type,
    )


def _flag(members: dict[str, Any], name: str) -> bool:
    value = members.get(name)
    if value is not None and not isinstance(value, bool):
        raise invalid(f"{name} is not true or false")
    return bool(value)


def _execution(identifier: str, execution: Execution) -> dict[str, Any]:
    if "command" in execution.request.program:
        return _shell_execution(identifier, execution)
    body: dict[str, Any] = {
        "id": execution.execution_id,
        "identifier": identifier,
        "executionType": execution.request.execution_type,
        "status": execution.status,
    }
    if execution.status in ("Succeeded", "Failed"):
        body["result"] = {
            "stdout": execution.stdout,
            "stderr": execution.stderr,
            "executionResult": verbatim(execution.value),
            "executionTimeInMilliseconds": execution.milliseconds,
        }
    return body


def _shell_execution(identifier: str, execution: Execution) -> dict[str, Any]:
    if execution.status not in ("Succeeded", "Failed"):
        return {"identifier": identifier, "status": execution.status}
    return {
        "identifier": identifier,
        "status": executions.exit_status(execution.exit_code),
        "result": {
            "stdout": execution.stdout,
            "stderr": execution.stderr,
            "executionTimeInMilliseconds": execution.milliseconds,
        },
    }


def _session(session: Session) -> dict[str, Any]:
    return {
        "identifier": session.identifier,
        "createdAt": time_text(session.created_at),
        "lastAccessedAt": time_text(session.last_accessed_at),
        "expireAt": time_text(session.expires_at),
        "etag": f"0--{session.guid}",
    }


def _page_of_sessions(call: Call) -> dict[str, Any]:
    skip_text = call.parameter("skip") or "0"
    if not skip_text.isascii() or not skip_text.isdigit() or len(skip_text) > 9:
        raise invalid("skip is not a whole number")
    skip = int(skip_text)
    sessions = call.pool.sessions()
    end = skip + SESSIONS_PER_PAGE
    body: dict[str, Any] = {"sessions": [_session(session) for session in sessions[skip:end]]}
    if end < len(sessions):
        body["nextLink"] = call.address("listSessions", skip=str(end))
    return body


async def _stop_session(call: Call) -> Response:
    if not await call.pool.end(call.identifier):
        message = f"Session with identifier '{call.identifier}' was not found."
        raise WireError(400, "SessionWithIdentifierNotFound", message)
    return PlainTextResponse(f"Session {call.identifier} in session pool {call.pool_name} stopped.")
