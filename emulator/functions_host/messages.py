"""Requests and responses between HTTP, the host and the worker: how each turns them into its own types.

`host` in a comment is Azure/azure-functions-host, `worker` is Azure/azure-functions-python-worker; the class or module
is named where a rule is not evident.
"""

import json
import re
import secrets
import threading
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import parse_qsl

import azure.functions as func
from azure.functions.http import HttpRequest as WorkerHttpRequest
from starlette.requests import Request
from starlette.responses import Response

_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_HEADER_VALUE = re.compile(r"[\t\x20-\x7e]*")
_WITHOUT_BODY = (204, 205, 304)

Chunked = Literal["drop", "pass"]
"""What becomes of a body without Content-Length (`Transfer-Encoding: chunked`).

The host drops it: it copies a body only if `ContentLength > 0`. In front of a deployed app, App Service's front end
gives it a length, as two reports have it (azure-functions-python-worker#574, modelcontextprotocol/csharp-sdk#816);
others say that such bodies arrive empty there too (azure-functions-host#4926, #7930).
"""


@dataclass(frozen=True)
class TraceContext:
    """The W3C trace context of one invocation."""

    trace_parent: str
    trace_state: str
    attributes: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Context:
    """What a parameter named `context` receives (worker: bindings/context.py)."""

    invocation_id: str
    function_name: str
    function_directory: str
    trace_context: TraceContext
    thread_local_storage: threading.local = field(default_factory=threading.local)
    retry_context: None = None


def trace_context(request: Request) -> TraceContext:
    generated = f"00-{secrets.token_hex(16)}-{secrets.token_hex(8)}-00"
    return TraceContext(request.headers.get("traceparent", generated), request.headers.get("tracestate", ""))


async def read_body(request: Request, max_bytes: int, chunked: Chunked) -> bytes | None:
    """None if it is too large."""
    declared = request.headers.get("content-length")
    if declared is not None and int(declared) > max_bytes:
        return None
    body = bytearray()
    received = 0
    async for chunk in request.stream():
        received += len(chunk)
        if received > max_bytes:
            return None
        if declared is not None or chunked == "pass":
            body += chunk
    return bytes(body)


def query_parameters(query_string: bytes) -> dict[str, str]:
    """An empty value is dropped, unlike that of a header."""
    pairs = parse_qsl(query_string.decode("latin-1"), keep_blank_values=True)
    return {name: value for name, value in _joined(pairs).items() if value}


def worker_request(
    request: Request, query: dict[str, str], route_values: dict[str, str], body: bytes, chunked: Chunked
) -> func.HttpRequest:
    """What the worker builds from the host's message (host: GrpcMessageConversionExtensions.ToRpcHttp)."""
    headers = [(name.decode("ascii"), value.decode("utf-8", "replace")) for name, value in request.headers.raw]
    if chunked == "pass" and "content-length" not in request.headers and "transfer-encoding" in request.headers:
        headers = [(name, value) for name, value in headers if name != "transfer-encoding"]
        headers.append(("content-length", str(len(body))))
    query_string = request.scope["query_string"]
    target = request.scope["raw_path"] + (b"?" + query_string if query_string else b"")
    return WorkerHttpRequest(
        method=request.method,
        url=f"{request.url.scheme}://{request.headers['host']}{target.decode('latin-1')}",
        headers=_joined(headers),
        params=query,
        route_params=route_values,
        body_type="bytes",
        body=body,
    )


def http_response(result: object, method: str) -> Response:
    """What the host sends for a function's return value.

    Raises TypeError for anything but an HttpResponse or a string, as the worker does (azure.functions.http).
    """
    if isinstance(result, str):
        return _string_response(result, method)
    if not isinstance(result, func.HttpResponse):
        raise TypeError(f"the function returned {type(result).__name__}; return a func.HttpResponse")
    headers = list(result.headers.items())
    if "content-type" not in result.headers:
        charset = f"; charset={result.charset}" if result.mimetype.startswith("text/") else ""
        headers.append(("Content-Type", f"{result.mimetype}{charset}"))
    return _wire_response(_status(result.status_code), headers, result.get_body(), method)


def _joined(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Repeated values in one string, as StringValues.ToString() joins them, under the first spelling of the name."""
    values: dict[str, list[str]] = {}
    first_spelling: dict[str, str] = {}
    for name, value in pairs:
        values.setdefault(first_spelling.setdefault(name.lower(), name), []).append(value)
    return {name: ",".join(filter(None, repeats)) for name, repeats in values.items()}


def _string_response(text: str, method: str) -> Response:
    """A string that is a JSON object with a `body` describes the response (host: HttpBinding)."""
    status, headers, body = 200, [("Content-Type", "text/plain; charset=utf-8")], text
    envelope = _envelope(text)
    if "body" in envelope:
        content = envelope["body"]
        body = content if isinstance(content, str) else json.dumps(content, separators=(",", ":"))
        status = _status(envelope.get("statuscode", envelope.get("status")))
        headers += [(name, str(value)) for name, value in (envelope.get("headers") or {}).items()]
    return _wire_response(status, headers, body.encode(), method)


def _envelope(text: str) -> dict[str, Any]:
    """The members of a JSON object by lower-case name; empty for any other text."""
    try:
        content = json.loads(text)
    except ValueError:
        return {}
    return {name.lower(): value for name, value in content.items()} if isinstance(content, dict) else {}


def _status(value: object) -> int:
    """200 for anything that is not a number (host: HttpBinding.TryParseStatusCode)."""
    text = str(value)
    return int(text) if re.fullmatch(r"[0-9]{1,9}", text) else 200


def _wire_response(status: int, headers: Iterable[tuple[str, str]], body: bytes, method: str) -> Response:
    """Of a repeated header only the last is sent, except Set-Cookie. Raises ValueError where Kestrel would throw."""
    if not 200 <= status < 600:
        raise ValueError(f"a response cannot have the status {status}")
    response = Response(b"" if method == "HEAD" or status in _WITHOUT_BODY else body, status)
    declared_length = None
    for name, value in headers:
        if not _HEADER_NAME.fullmatch(name) or not _HEADER_VALUE.fullmatch(value):
            raise ValueError(f"the response header {name!r} has characters that HTTP does not allow: {value!r}")
        if name.lower() == "set-cookie":
            response.headers.append(name, value.strip())
        elif name.lower() == "content-length":
            declared_length = value.strip()
        else:
            response.headers[name] = value.strip()
    if method == "HEAD" and status not in _WITHOUT_BODY:
        has_length = declared_length is not None and declared_length.isdigit()
        response.headers["content-length"] = str(declared_length if has_length else len(body))
    return response
