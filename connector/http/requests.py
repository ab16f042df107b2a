"""A request's parameters, body and headers as the arguments of operations."""

import binascii
import contextlib
import re
from collections import Counter
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import azure.functions as func

from ..contract.suggestions import is_of_gateway
from ..contract.validation import Operation
from ..errors import (
    InvalidFileContent,
    InvalidFileName,
    InvalidRequest,
    LengthRequired,
    RequestTooLarge,
    UnsupportedMediaType,
)
from ..files.operations import LARGEST_MESSAGE
from ..models import snake_case
from .compression import decompressed
from .json_text import parsed

MAX_BODY_BYTES = LARGEST_MESSAGE
"""Less than the Functions host accepts (104,857,600), so that its own 413, which has no body, is rarely seen."""

_JSON_TYPE = re.compile(r"application/json|text/json|application/[a-z0-9.-]+\+json")
_LONE_BACKSLASH = re.compile(r"(?<!\\)(?:\\\\)*\\(?![\\\"])")
"""Clients write one for itself, and `\\\\` or `\\"` for an escaped character."""

_PART_HEADER = re.compile(rb"content-disposition:[^\r\n]*", re.IGNORECASE)


def parameters(operation: Operation, request: func.HttpRequest) -> dict[str, Any]:
    """The checked parameters of route and query, as arguments. Raises InvalidRequest."""
    _check_repetitions(str(request.url))
    # The host decodes everything in the values of a route except slashes. The name of a file has none, but may have
    # these three characters.
    route = {
        name: value if name == "fileName" else re.sub("%2f", "/", value, flags=re.IGNORECASE)
        for name, value in request.route_params.items()
    }
    return arguments(operation.checked_parameters(route, dict(request.params)))


def signed_token(request: func.HttpRequest) -> str:
    """The token of a signed URL: in its query, or in its path, where earlier versions put it."""
    return str(request.route_params.get("token") or request.params.get("token", ""))


def _check_repetitions(url: str) -> None:
    """Raises InvalidRequest for a parameter that is sent twice: the host joins its values with a comma."""
    counts = Counter(name for name, _ in parse_qsl(urlsplit(url).query, keep_blank_values=True))
    for name, count in counts.items():
        if count > 1 and not is_of_gateway(name):
            raise InvalidRequest(f"Duplicate query parameter '{name[:60]}'. Send it once.", target=name[:60])


def arguments(members: dict[str, Any]) -> dict[str, Any]:
    return {snake_case(name): value for name, value in members.items()}


def media_type(request: func.HttpRequest) -> str:
    return str(request.headers.get("content-type", "")).partition(";")[0].strip().lower()


def json_body(operation: Operation, request: func.HttpRequest) -> Any:
    """The body as JSON. Other media types are refused: web pages can send those cross-site without a preflight request.

    Not so `text/json` and types that end in `+json`, which some clients send.
    """
    received = media_type(request)
    if not _JSON_TYPE.fullmatch(received) and request.get_body():
        shown = request.headers.get("content-type", "")[:100]
        problem = f"The Content-Type '{shown}' is not accepted" if received else "The Content-Type is missing"
        remedy = f"Send {' or '.join(operation.bodies)}"
        if received == "application/x-www-form-urlencoded":  # which curl sends with -d
            remedy += ", in curl with -H 'Content-Type: application/json'"
        raise UnsupportedMediaType(f"{problem}. {remedy}.", target="Content-Type")
    return parsed(complete_body(request), operation.example)


def complete_body(request: func.HttpRequest, *, file_name: str = "") -> bytes:
    """The body, decompressed. Raises LengthRequired, RequestTooLarge, UnsupportedMediaType and InvalidRequest.

    Not so the body for a `file_name` with .gz: clients name the encoding of such a file, which is to stay compressed.
    """
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
    encoding = request.headers.get("content-encoding", "")
    if file_name.lower().endswith((".gz", ".tgz")) and encoding.lower() == "gzip":
        return body
    return decompressed(body, encoding, MAX_BODY_BYTES)


def form(operation: Operation, request: func.HttpRequest) -> dict[str, Any]:
    """The fields and files of a multipart body, as arguments of `upload_contents`. Raises InvalidRequest."""
    body = complete_body(request)
    if body is not request.get_body():  # it was compressed
        request = func.HttpRequest(request.method, request.url, headers={**request.headers}, body=body)
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
            contents.append(((part.filename or "").rsplit("/", 1)[-1], _content(part)))
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


def _content(part: Any) -> bytes:
    """The bytes of a part. Senders of mail encode them, although forms have long done without (RFC 7578, section 4.7).

    Raises InvalidFileContent.
    """
    content: bytes = part.read()
    encoding = str(part.headers.get("Content-Transfer-Encoding", "")).strip().lower()
    if encoding in ("", "7bit", "8bit", "binary"):
        return content
    problem = f"The Content-Transfer-Encoding '{encoding[:60]}' of a part is not supported"
    if encoding == "base64":
        try:
            return binascii.a2b_base64(b"".join(content.split()), strict_mode=True)
        except ValueError:
            problem = "The Content-Transfer-Encoding of a part is base64, and its content is not"
    raise InvalidFileContent(f"{problem}. Omit the header, and send the bytes as they are.", target="file")


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


def check_is_complete_file(request: func.HttpRequest) -> None:
    """That the body is a file, and not something around it or a piece of it, which would replace the file.

    Raises InvalidRequest and UnsupportedMediaType.
    """
    if "content-range" in request.headers:
        raise InvalidRequest(
            "PutFile stores complete files, and the header Content-Range announces a part of one. Begin a chunked "
            "upload with the header x-ms-transfer-mode, or omit Content-Range.",
            target="Content-Range",
        )
    if media_type(request) == "multipart/form-data":
        raise UnsupportedMediaType(
            "PutFile stores the body as it is, and this one is a form around the file. Send the bytes of the file "
            "alone, or the form with UploadFile.",
            target="Content-Type",
        )


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
