"""A request's parameters, body and headers as the arguments of operations."""

import re
from collections import Counter
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import azure.functions as func

from ..bulkhead import Admission
from ..contract.suggestions import is_of_gateway
from ..contract.validation import Operation
from ..errors import (
    InvalidRequest,
    LengthRequired,
    RequestTooLarge,
    UnsupportedMediaType,
)
from ..files.operations import LARGEST_MESSAGE
from ..models import snake_case
from .compression import decompressed, is_compressed
from .json_text import parsed

MAX_BODY_BYTES = LARGEST_MESSAGE
"""Less than the Functions host accepts (104,857,600), so that its own 413, which has no body, is rarely seen."""

_COPIES = 5
"""Of a body in memory: one in the Functions host, the others in the worker, which receives it in a message. Measured
with the worker 4.34 and bodies of 90 MB.
"""

COPIES_AS_JSON = 6

_JSON_TYPE = re.compile(r"application/json|text/json|application/[a-z0-9.-]+\+json")
_SMALLER_FILES = (
    "Send fewer files at a time, or a large file with PutFile, which needs no base64 and accepts chunked uploads"
)
_MOST_PARAMETERS = 100


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


def check_signed_url(operation: Operation, request: func.HttpRequest) -> dict[str, Any]:
    """The checked parameters, as arguments. Raises InvalidRequest, but not for a token of the wrong form, which is like
    any other invalid token.
    """
    try:
        return parameters(operation, request)
    except InvalidRequest as failure:
        if failure.target != "token":
            raise
        return {}


def signed_token(request: func.HttpRequest) -> str:
    """The token of a signed URL: in its query, or in its path, where earlier versions put it."""
    return str(request.route_params.get("token") or request.params.get("token", ""))


def _check_repetitions(url: str) -> None:
    """Raises InvalidRequest for a parameter that is sent twice: the host joins its values with a comma."""
    query = urlsplit(url).query
    if query.count("&") >= _MOST_PARAMETERS:
        raise InvalidRequest(
            f"The query has more than {_MOST_PARAMETERS} parameters. Remove those that are not needed."
        )
    counts = Counter(name for name, _ in parse_qsl(query, keep_blank_values=True))
    for name, count in counts.items():
        if count > 1 and not is_of_gateway(name):
            raise InvalidRequest(f"Duplicate query parameter '{name[:60]}'. Send it once.", target=name[:60])


def arguments(members: dict[str, Any]) -> dict[str, Any]:
    return {snake_case(name): value for name, value in members.items()}


def media_type(request: func.HttpRequest) -> str:
    return str(request.headers.get("content-type", "")).partition(";")[0].strip().lower()


def json_body(operation: Operation, request: func.HttpRequest, admission: Admission) -> Any:
    """The body as JSON. Raises what `check_is_json` and `complete_body` raise.

    An empty body is an object without members, if none is required: importers for agents send it when a model gives no
    arguments.
    """
    check_is_json(operation, request)
    most_bytes = operation.most_json_bytes
    if most_bytes is None:
        body = complete_body(request, admission, copies=COPIES_AS_JSON)
    else:
        remedy = "Store data as files with UploadFile or PutFile, and read them in the code"
        body = complete_body(request, admission, copies=COPIES_AS_JSON, most_bytes=most_bytes, remedy=remedy)
    if not body and not operation.bodies["application/json"].get("required"):
        return {}
    return parsed(body, operation.example)


def json_arguments(operation: Operation, request: func.HttpRequest, admission: Admission) -> dict[str, Any]:
    """The checked members of a JSON body, as arguments. Raises what `json_body` raises."""
    return arguments(operation.checked_body(json_body(operation, request, admission)))


def check_is_json(operation: Operation, request: func.HttpRequest) -> None:
    """Raises UnsupportedMediaType for other bodies: web pages can send those cross-site without a preflight request.

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


def complete_body(
    request: func.HttpRequest,
    admission: Admission,
    *,
    copies: int = _COPIES,
    file_name: str = "",
    most_bytes: int = MAX_BODY_BYTES,
    remedy: str = _SMALLER_FILES,
) -> bytes:
    """The body, decompressed. Raises LengthRequired, RequestTooLarge, UnsupportedMediaType and InvalidRequest, and
    ConnectorBusy when there is no room for `copies` of it in memory.

    Not so the body for a `file_name` with .gz: clients name the encoding of such a file, which is to stay compressed.
    """
    body = request.get_body()
    if not body and "transfer-encoding" in request.headers:
        raise LengthRequired(
            "The body was sent without a length (Transfer-Encoding: chunked), and did not arrive. Send a "
            "Content-Length: in .NET, await content.LoadIntoBufferAsync() first; in curl, send a file, not a pipe."
        )
    if len(body) > most_bytes:
        raise RequestTooLarge(f"The body has {len(body):,} bytes, and {most_bytes:,} is the most. {remedy}.")
    encoding = request.headers.get("content-encoding", "")
    is_file = file_name.lower().endswith((".gz", ".tgz")) and encoding.lower() == "gzip"
    if is_file or not is_compressed(encoding):
        admission.hold(len(body) * copies)
        return body
    return decompressed(body, encoding, most_bytes, before_large=lambda size: admission.hold(size * copies))


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
