"""What a request brings: its parameters, its body in each form, and what its headers say, as operations take them."""

import contextlib
import json
import re
from collections.abc import Mapping
from typing import Any

import azure.functions as func

from ..contract.validation import Operation
from ..errors import InvalidRequest, LengthRequired, RequestTooLarge, UnsupportedMediaType
from ..files.operations import LARGEST_MESSAGE
from ..models import snake_case
from ..settings import LONGEST_WAIT_SECONDS

MAX_BODY_BYTES = LARGEST_MESSAGE
"""Less than the Functions host lets in (104,857,600), so that its bare 413 is rarely seen."""

_LONGEST_PREFER = 500
"""Characters that are read: an open quote is looked for to the end, again and again."""

_PREFERENCE = re.compile(r'(?:[^,;"]|"(?:[^"\\]|\\.)*")+')
_WAIT = re.compile(r'respond-async|wait=("?)([0-9]{1,9})\1')


def parameters(operation: Operation, request: func.HttpRequest) -> dict[str, Any]:
    # The host decodes everything in a route's values but the slash.
    route = {name: re.sub("%2f", "/", value, flags=re.IGNORECASE) for name, value in request.route_params.items()}
    return arguments(operation.checked_parameters(route, dict(request.params)))


def arguments(members: dict[str, Any]) -> dict[str, Any]:
    return {snake_case(name): value for name, value in members.items()}


def media_type(request: func.HttpRequest) -> str:
    return str(request.headers.get("content-type", "")).partition(";")[0].strip().lower()


def json_body(request: func.HttpRequest, *also: str) -> Any:
    """The body as JSON. Bodies without the right Content-Type are refused: a web page can send those unasked."""
    if media_type(request) != "application/json":
        takes = " or ".join(("application/json", *also))
        raise UnsupportedMediaType(
            f"The body must come with the header Content-Type: {takes}, and came with "
            f"'{request.headers.get('content-type', '')[:100]}'.",
            target="Content-Type",
        )
    body = whole_body(request)
    if not body.strip():
        raise InvalidRequest("The body is empty. Send a JSON object.")
    try:
        return json.loads(body, object_pairs_hook=_members)
    except RecursionError:
        raise InvalidRequest("The body is nested too deeply.") from None
    except UnicodeDecodeError:
        raise InvalidRequest("The body is not text in UTF-8. Encode it as UTF-8.") from None
    except json.JSONDecodeError as wrong:
        raise InvalidRequest(
            f"The body is not JSON: {wrong.msg} at line {wrong.lineno}, column {wrong.colno}. In a workflow, let an "
            "expression quote text instead of typing the quotes."
        ) from None
    except ValueError:  # Python reads no number of thousands of digits
        raise InvalidRequest("The body has a number that is too long.") from None


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A JSON object. Of two members of one name the last would win unseen."""
    members = dict(pairs)
    if len(members) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise InvalidRequest(f"The member {twice[:60]} stands twice in one object. Send it once.", target=twice[:60])
    return members


def whole_body(request: func.HttpRequest) -> bytes:
    body = request.get_body()
    if not body and "transfer-encoding" in request.headers:
        raise LengthRequired(
            "The body came in chunks without a length, and the Functions host does not pass such a body on. Send it "
            "with a Content-Length."
        )
    if len(body) > MAX_BODY_BYTES:
        raise RequestTooLarge(
            f"The body has {len(body):,} bytes, and {MAX_BODY_BYTES:,} is the most. Send fewer files at a time; base64 "
            "makes a file a third longer, multipart/form-data or PUT does not. PutFile takes a larger file in parts."
        )
    return body


def form(operation: Operation, request: func.HttpRequest) -> dict[str, Any]:
    """The fields and files of a multipart body, as `upload_contents` takes them."""
    body = whole_body(request)
    try:
        parts = [(name or "", part) for name in request.files for part in request.files.getlist(name)]
        fields = {name or "": request.form.getlist(name) for name in request.form}
    except ValueError:
        parts, fields = [], {}
    if body and not parts and not fields:
        raise InvalidRequest(
            "The body is not multipart/form-data as its Content-Type says, or has no part: look at the boundary, and "
            "name the parts."
        )
    contents = []
    for _, part in parts:
        with contextlib.closing(part):
            # Some clients send a path as the name of a part.
            contents.append(((part.filename or "").rsplit("/", 1)[-1], part.read()))
    if "file" in fields:
        raise InvalidRequest("A part named file has no file name. Give it one: filename=...", target="file")
    for name, values in fields.items():
        if len(values) > 1:
            raise InvalidRequest(f"The field {name[:60]} came {len(values)} times. Send it once.", target=name[:60])
    files_sent = {name: [part.filename or "" for named, part in parts if named == name] for name, _ in parts}
    sent: dict[str, Any] = {name: values[0] for name, values in fields.items()}
    members = operation.checked_body({**sent, **files_sent}, "multipart/form-data")
    del members["file"]
    return {**arguments(members), "contents": contents}


def comes_in_parts(request: func.HttpRequest) -> bool:
    """Raises InvalidRequest for a way to send files that is not known: its first request may have no bytes."""
    mode = str(request.headers.get("x-ms-transfer-mode", "")).strip()
    if mode and mode.lower() != "chunked":
        raise InvalidRequest("x-ms-transfer-mode must be chunked, or not be there.", target="x-ms-transfer-mode")
    return bool(mode)


def with_preferences(sent: Any, headers: Mapping[str, str]) -> tuple[Any, str]:
    """The body, with what headers say that it does not; and the preference (RFC 7240) that is followed, if any."""
    if not isinstance(sent, dict):
        return sent, ""
    said: dict[str, Any] = {}
    applied = ""
    if key := headers.get("idempotency-key"):
        said["idempotencyKey"] = key
    preferences = _PREFERENCE.findall(headers.get("prefer", "")[:_LONGEST_PREFER].lower().replace(" ", ""))
    for preference in sorted(preferences, key=lambda text: text == "respond-async"):  # `wait` says when that is
        wait = _WAIT.fullmatch(preference)
        if wait is not None and not applied:
            seconds = min(int(wait[2]), LONGEST_WAIT_SECONDS) if wait[2] else 0
            said["waitInSeconds"], applied = seconds, preference.replace('"', "")
    followed = {name: value for name, value in said.items() if sent.get(name) in (None, "")}
    return {**sent, **followed}, applied if "waitInSeconds" in followed else ""
