"""The wire of the private preview: `python/execute` and its file routes, which old packages still call.

They send an api-version of 2024 or none at all, and the identifier in the query or in the body.
"""

from typing import Any

from starlette.responses import Response

from ..engines.interface import Entry
from . import calls as wire
from .family_a import result


async def answer(call: wire.Call) -> Response:
    """`call.steps` begins with "python". Raises what `wire.error_response` knows."""
    call.check_container_type()
    match call.method, call.steps[1:]:
        case "POST", ["execute"]:
            return await _execute(call)
        case "POST", ["uploadFile"]:
            entry, path = await wire.store_upload(call)
            return _json({"$values": [_file(entry, path)]})
        case "GET", ["files"]:
            files = [entry for entry in await wire.list_files(call, recursive=True) if not entry.is_folder]
            return _json({"$values": [_file(entry, entry.path) for entry in files]})
        case "GET", ["downloadFile"]:
            return await wire.file_content(call, *call.path([call.parameter("filename")]))
    raise call.unsupported()


async def _execute(call: wire.Call) -> Response:
    properties = (await call.json()).get("properties")
    if not isinstance(properties, dict):
        raise wire.missing("properties")
    identifier = wire.checked_identifier(call.parameter("identifier") or properties.get("identifier"))
    request = wire.code_request(properties, "pythonCode" if "pythonCode" in properties else "code")
    execution, headers = await wire.execute(call, request, identifier=identifier)
    return _json(result(execution), headers)


def _file(entry: Entry, path: str) -> dict[str, Any]:
    return {"filename": path, "size": entry.size, "last_modified_time": wire.time_text(entry.modified)}


def _json(body: dict[str, Any], headers: dict[str, str] | None = None) -> Response:
    return wire.json_response(body, headers=headers, reference_ids=True)
