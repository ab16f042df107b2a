"""The wire of api-versions 2024-02-02-preview and 2024-08-02-preview: everything inside `properties`, `Success`.

These versions do not distinguish folders from names: a file in a folder is listed under its path.
"""

from dataclasses import dataclass
from typing import Any

from starlette.responses import Response

from ..engines.interface import Entry
from ..sessions.execution import Execution
from . import executions, files
from .calls import Call
from .errors import WireError, missing
from .json_responses import json_response, time_text, verbatim
from .lists import file_list

_STATUSES = {"Succeeded": "Success", "Failed": "Failure"}


@dataclass(frozen=True)
class FamilyA:
    api_versions: str | None = None
    """The header `api-supported-versions`, which recordings of this family lack."""

    takes_legacy_audience: bool = True
    """Tokens for the private preview."""

    async def answer(self, call: Call) -> Response:
        """Raises what `errors.error_response` handles."""
        call.check_container_type()
        match call.method, call.segments:
            case "POST", ["code", "execute"]:
                return await _execute(call)
            case "POST", ["files", "upload"]:
                entry, path = await files.store_upload(call)
                return _json({"value": [_file(entry, path)]})
            case "GET", ["files"]:
                return await file_list(call, lambda entry: _file(entry, entry.path), recursive=True, reference_ids=True)
            case "GET", ["files", "content", *steps] if steps:
                return await files.file_content(call, *call.path(steps))
            case "GET", ["files", *steps]:
                folder, name = call.path(steps)
                entry = await files.file_entry(call, folder, name)
                return _json(_file(entry, files.file_path(folder, name)))
            case "DELETE", ["files", *steps] if steps:
                return await files.delete_file(call, *call.path(steps))
        raise call.unsupported()


async def _execute(call: Call) -> Response:
    properties = (await call.json()).get("properties")
    if not isinstance(properties, dict):
        raise missing("properties")
    if str(properties.get("executionType") or "Synchronous").lower() != "synchronous":
        raise WireError(400, "SessionRequestNotSupported", "executionType must be 'Synchronous'.")
    request = executions.code_request(properties)
    execution, headers = await executions.execute(call, request, identifier=call.identifier)
    return _json({"properties": result(execution)}, headers)


def result(execution: Execution) -> dict[str, Any]:
    """The result of an execution, as this family and the legacy one spell it."""
    return {
        "status": _STATUSES[execution.status],
        "stdout": execution.stdout,
        "stderr": execution.stderr,
        "result": verbatim(execution.value),
        "executionTimeInMilliseconds": execution.milliseconds,
    }


def _file(entry: Entry, path: str) -> dict[str, Any]:
    return {
        "properties": {"filename": path, "size": entry.size, "lastModifiedTime": time_text(entry.modified)},
    }


def _json(body: dict[str, Any], headers: dict[str, str] | None = None) -> Response:
    return json_response(body, headers=headers, reference_ids=True)
