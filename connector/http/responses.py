"""Results as responses: JSON, the bytes of a file or of a range, and addresses of the connector's operations."""

import json
import re
from typing import Any
from urllib.parse import quote, urlsplit

import azure.functions as func

from ..models import FileBytes, to_wire
from ..settings import Settings
from ..text import well_formed_json
from .ranges import http_date

_SURROGATE = re.compile(r"\\ud[89a-f]")
"""In JSON: a character beyond the Basic Multilingual Plane, or half of one, which is not valid."""


def json_response(value: Any, status: int = 200, headers: dict[str, str] | None = None) -> func.HttpResponse:
    members = to_wire(value)
    body = json.dumps(members)
    if _SURROGATE.search(body):
        body = json.dumps(well_formed_json(members))
    return func.HttpResponse(body.encode(), status_code=status, headers=headers, mimetype="application/json")


def no_content_response() -> func.HttpResponse:
    return func.HttpResponse(status_code=204)


def file_response(file: FileBytes, first: int | None = None) -> func.HttpResponse:
    """The file's bytes, or those of a range that begins at `first`. Browsers save them instead of displaying them."""
    headers = {
        "Content-Type": file.content_type,  # `mimetype` would declare a text to be UTF-8, which is unknown
        "Accept-Ranges": "bytes",
        "Content-Disposition": _attachment(file.file_name),
        "X-Content-Type-Options": "nosniff",
        **_version(file),
    }
    if file.content is None:
        headers["Content-Length"] = str(file.size)
        return func.HttpResponse(b"", headers=headers)
    if first is None:
        return func.HttpResponse(file.content, headers=headers)
    headers["Content-Range"] = f"bytes {first}-{first + len(file.content) - 1}/{file.size}"
    return func.HttpResponse(file.content, status_code=206, headers=headers)


def unchanged_response(file: FileBytes) -> func.HttpResponse:
    return func.HttpResponse(status_code=304, headers=_version(file))


def _version(file: FileBytes) -> dict[str, str]:
    headers = {"ETag": file.etag, "Last-Modified": http_date(file)}
    return {name: value for name, value in headers.items() if value is not None}


def _attachment(name: str) -> str:
    """RFC 6266: with an ASCII name for old clients, without what they read in different ways: percent signs, quotes,
    backslashes.
    """
    plain = re.sub(r'[^ -~]|[%"\\]', "_", name)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"


def base_url(settings: Settings, request: func.HttpRequest, route: str) -> str:
    """Where callers reach the operations: the address in the settings, or only the path if there is none.

    The Host header is not used, because callers can set it. `route` is the beginning of the request's own route.
    """
    path = urlsplit(str(request.url)).path.rstrip("/")
    return (settings.public_base_url or "") + path[: path.lower().rfind(route)]
