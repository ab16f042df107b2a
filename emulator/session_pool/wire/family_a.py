"""The wire of api-versions 2024-02-02-preview and 2024-08-02-preview: everything inside `properties`, `Success`.

Sub-folders are not told apart from names here: a file of one is listed under its path.
"""

from dataclasses import dataclass
from typing import Any

from starlette.responses import Response

from ..engines.interface import Entry
from ..sessions.execution import Execution
from . import calls as wire

_STATUSES = {"Succeeded": "Success", "Failed": "Failure"}


@dataclass(frozen=True)
class FamilyA:
    api_versions: str | None = None
    """The header `api-supported-versions`, which was not recorded here."""

    async def answer(self, call: wire.Call) -> Response:
        """Raises what `wire.error_response` knows."""
        call.check_container_type()
        match call.method, call.steps:
            case "POST", ["code", "execute"]:
                return await _execute(call)
            case "POST", ["files", "upload"]:
                entry, path = await wire.store_upload(call)
                return _json({"value": [_file(entry, path)]})
            case "GET", ["files"]:
                files = [entry for entry in await wire.list_files(call, recursive=True) if not entry.is_folder]
                return _json({"value": [_file(entry, entry.path) for entry in files]})
            case "GET", ["files", "content", *steps] if steps:
                return await wire.file_content(call, *call.path(steps))
            case "GET", ["files", *steps]:
                folder, name = call.path(steps)
                entry = await wire.file_entry(call, folder, name)
                return _json(_file(entry, wire.file_path(folder, name)))
            case "DELETE", ["files", *steps] if steps:
                return await wire.delete_file(call, *call.path(steps))
        raise call.unsupported()


async def _execute(call: wire.Call) -> Response:
    properties = (await call.json()).get("properties")
    if not isinstance(properties, dict):
        raise wire.missing("properties")
    if str(properties.get("executionType") or "Synchronous").lower() != "synchronous":
        raise wire.WireError(400, "SessionRequestNotSupported", "executionType must be 'Synchronous'.")
    request = wire.code_request(properties)
    execution, headers = await wire.execute(call, request, identifier=call.identifier)
    return _json({"properties": result(execution)}, headers)


def result(execution: Execution) -> dict[str, Any]:
    """How a run went, in the words of this family and of the one before it."""
    return {
        "status": _STATUSES[execution.status],
        "stdout": execution.stdout,
        "stderr": execution.stderr,
        "result": wire.verbatim(execution.value),
        "executionTimeInMilliseconds": execution.milliseconds,
    }


def _file(entry: Entry, path: str) -> dict[str, Any]:
    return {
        "properties": {"filename": path, "size": entry.size, "lastModifiedTime": wire.time_text(entry.modified)},
    }


def _json(body: dict[str, Any], headers: dict[str, str] | None = None) -> Response:
    return wire.json_response(body, headers=headers, reference_ids=True)
