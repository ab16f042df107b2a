"""The wire of the private preview: `python/execute` and its file routes, which old packages still call.

They send an api-version of 2024 or none, and the identifier in the query or in the body.
"""

from typing import Any

from starlette.responses import Response

from ..engines.interface import Entry
from . import executions, files
from .calls import Call, checked_identifier
from .errors import missing
from .family_a import result
from .json_responses import json_response, time_text
from .lists import file_list


async def answer(call: Call) -> Response:
    """`call.segments` begins with "python". Raises what `errors.error_response` handles."""
    call.check_container_type()
    match call.method, call.segments[1:]:
        case "POST", ["execute"]:
            return await _execute(call)
        case "POST", ["uploadFile"]:
            entry, path = await files.store_upload(call)
            return _json({"$values": [_file(entry, path)]})
        case "GET", ["files"]:
            return await file_list(
                call, lambda entry: _file(entry, entry.path), recursive=True, name="$values", reference_ids=True
            )
        case "GET", ["downloadFile"]:
            return await files.file_content(call, *call.path([call.parameter("filename")]))
    raise call.unsupported()


async def _execute(call: Call) -> Response:
    properties = (await call.json()).get("properties")
    if not isinstance(properties, dict):
        raise missing("properties")
    identifier = checked_identifier(call.parameter("identifier") or properties.get("identifier"))
    request = executions.code_request(properties, "pythonCode" if "pythonCode" in properties else "code")
    execution, headers = await executions.execute(call, request, identifier=identifier)
    body = result(execution)
    if execution.status == "Failed":
        body["result"] = ""  # clients of these routes read a text here, and fail without one
    return _json(body, headers)


def _file(entry: Entry, path: str) -> dict[str, Any]:
    return {"filename": path, "size": entry.size, "last_modified_time": time_text(entry.modified)}


def _json(body: dict[str, Any], headers: dict[str, str] | None = None) -> Response:
    return json_response(body, headers=headers, reference_ids=True)
