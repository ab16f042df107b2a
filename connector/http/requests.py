"""A request's parameters, body and headers as the arguments of operations."""

import contextlib
import json
import re
from collections import Counter
from collections.abc import Mapping
from typing import Any

import azure.functions as func

from ..contract.validation import Operation
from ..errors import InvalidFileName, InvalidRequest, LengthRequired, RequestTooLarge, UnsupportedMediaType
from ..files.operations import LARGEST_MESSAGE
from ..models import snake_case
from ..settings import LONGEST_WAIT_SECONDS

MAX_BODY_BYTES = LARGEST_MESSAGE
"""Less than the Functions host accepts (104,857,600), so that its own 413, which has no body, is rarely seen."""

_LONGEST_PREFER = 500
"""Characters that are read: for each open quote, the regular expression searches to the end."""

_PREFERENCE = re.compile(r'(?:[^,;"]|"(?:[^"\\]|\\.)*")+')
_LONE_BACKSLASH = re.compile(r"(?<!\\)(?:\\\\)*\\(?![\\\"])")
"""Clients write one for itself, and `\\\\` or `\\"` for an escaped character."""

_PART_HEADER = re.compile(rb"content-disposition:[^\r\n]*", re.IGNORECASE)
_WAIT = re.compile(r'respond-async|wait=("?)([0-9]{1,9})\1')


def parameters(operation: Operation, request: func.HttpRequest) -> dict[str, Any]:
    """The checked parameters of route and query, as arguments. Raises InvalidRequest."""
    # The host decodes everything in the values of a route except slashes. The name of a file has none, but may have
    # these three characters.
    route = {
        name: value if name == "fileName" else re.sub("%2f", "/", value, flags=re.IGNORECASE)
        for name, value in request.route_params.items()
    }
    return arguments(operation.checked_parameters(route, dict(request.params)))


def arguments(members: dict[str, Any]) -> dict[str, Any]:
    return {snake_case(name): value for name, value in members.items()}


def media_type(request: func.HttpRequest) -> str:
    return str(request.headers.get("content-type", "")).partition(";")[0].strip().lower()


def json_body(request: func.HttpRequest, *also_accepted: str) -> Any:
    """The body as JSON. Other media types are refused: web pages can send those cross-site without a preflight request.

    `also_accepted` are the operation's other media types, for the message.
    """
    if media_type(request) != "application/json":
        accepted = " or ".join(("application/json", *also_accepted))
        received = request.headers.get("content-type", "")[:100]
        problem = f"The Content-Type '{received}' is not accepted" if received else "The Content-Type is missing"
        raise UnsupportedMediaType(f"{problem}. Send {accepted}.", target="Content-Type")
    body = complete_body(request)
    if not body.strip():
        raise InvalidRequest("The body is empty. Send a JSON object.")
    try:
        return json.loads(body, object_pairs_hook=_members)
    except RecursionError:
        raise InvalidRequest("The body is nested too deeply. Send a flat JSON object.") from None
    except UnicodeDecodeError:
        raise InvalidRequest("The body is not UTF-8 text. Encode it as UTF-8.") from None
    except json.JSONDecodeError as failure:
        raise InvalidRequest(
            f"The body is not JSON: {failure.msg} at line {failure.lineno}, column {failure.colno}. In a workflow, "
            "let an expression quote text instead of typing the quotes."
        ) from None
    except ValueError:  # Python reads no number of thousands of digits
        raise InvalidRequest("The body has a number that is too long. Send fewer digits.") from None


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A JSON object. Of two members with the same name, the first would be lost silently."""
    members = dict(pairs)
    if len(members) < len(pairs):
        counts = Counter(name for name, _ in pairs)
        duplicate = next(name for name, count in counts.items() if count > 1)[:60]
        raise InvalidRequest(f"Duplicate member '{duplicate}'. Send it once.", target=duplicate)
    return members


def complete_body(request: func.HttpRequest) -> bytes:
    """Raises LengthRequired and RequestTooLarge."""
    body = request.get_body()
    if not body and "transfer-encoding" in request.headers:
        raise LengthRequired(
            "The body was sent without a length, and the Functions host does not pass it on. Send it with a "
            "Content-Length."
        )
    if len(body) > MAX_BODY_BYTES:
        raise RequestTooLarge(
            f"The body has {len(body):,} bytes, and {MAX_BODY_BYTES:,} is the most. Send fewer files at a time, or a "
            "large file with PutFile, which needs no base64 and accepts chunked uploads."
        )
    return body


def form(operation: Operation, request: func.HttpRequest) -> dict[str, Any]:
    """The fields and files of a multipart body, as arguments of `upload_contents`. Raises InvalidRequest."""
    body = complete_body(request)
    try:
        parts = [(name or "", part) for name in request.files for part in request.files.getlist(name)]
        fields = {name or "": request.form.getlist(name) for name in request.form}
    except ValueError:
        parts, fields = [], {}
    if body and not parts and not fields:
        _check_part_headers(body)
        raise InvalidRequest(
            "The body has no parts, or is not multipart/form-data. Check the boundary in Content-Type and the names of "
            "the parts."
        )
    contents = []
    for _, part in parts:
        with contextlib.closing(part):
            if _LONE_BACKSLASH.search(part.headers.get("Content-Disposition", "")):  # the parser would remove it
                raise InvalidFileName(
                    "The file name of a part has a backslash, and so is a path. Send the name alone, and the folder as "
                    "`folder`.",
                    target="fileName",
                )
            # Some clients send a path as the name of a part.
            contents.append(((part.filename or "").rsplit("/", 1)[-1], part.read()))
    if "file" in fields:
        raise InvalidRequest("A part named file has no file name. Add filename=... to it.", target="file")
    for name, values in fields.items():
        if len(values) > 1:
            raise InvalidRequest(f"Duplicate field '{name[:60]}'. Send it once.", target=name[:60])
    file_names: dict[str, list[str]] = {}
    for name, part in parts:
        file_names.setdefault(name, []).append(part.filename or "")
    members: dict[str, Any] = {name: values[0] for name, values in fields.items()}
    checked = operation.checked_body({**members, **file_names}, "multipart/form-data")
    del checked["file"]
    return {**arguments(checked), "contents": contents}


def _check_part_headers(body: bytes) -> None:
    """Raises InvalidFileName if one is not UTF-8: then the parser returns no parts."""
    try:
        for header in _PART_HEADER.findall(body):
            header.decode()
    except UnicodeDecodeError:
        raise InvalidFileName(
            "The file name of a part is not UTF-8. Encode the headers of parts as UTF-8, or send the name as "
            "filename*=UTF-8'' with percent escapes.",
            target="fileName",
        ) from None


def is_chunked(request: func.HttpRequest) -> bool:
    """Whether the request belongs to a chunked upload.

    Raises InvalidRequest for another mode of transfer: its first request may have no bytes.
    """
    mode = str(request.headers.get("x-ms-transfer-mode", "")).strip()
    if mode and mode.lower() != "chunked":
        raise InvalidRequest(
            f"The x-ms-transfer-mode '{mode[:60]}' is unknown. Send chunked, or omit the header.",
            target="x-ms-transfer-mode",
        )
    return bool(mode)


def with_preferences(body: Any, headers: Mapping[str, str]) -> tuple[Any, str]:
    """The body, with members from the headers Idempotency-Key and Prefer (RFC 7240) if it does not have them; and the
    preference that was applied, if any.
    """
    if not isinstance(body, dict):
        return body, ""
    members: dict[str, Any] = {}
    applied = ""
    if key := headers.get("idempotency-key"):
        members["idempotencyKey"] = key
    preferences = _PREFERENCE.findall(headers.get("prefer", "")[:_LONGEST_PREFER].lower().replace(" ", ""))
    for preference in sorted(preferences, key=lambda text: text == "respond-async"):  # `wait` is more precise
        wait = _WAIT.fullmatch(preference)
        if wait is not None and not applied:
            seconds = min(int(wait[2]), LONGEST_WAIT_SECONDS) if wait[2] else 0
            members["waitInSeconds"], applied = seconds, preference.replace('"', "")
    added = {name: value for name, value in members.items() if body.get(name) in (None, "")}
    return {**body, **added}, applied if "waitInSeconds" in added else ""
