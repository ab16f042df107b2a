"""Content in chunks: the protocol by which workflows send and get large messages.

Source: Azure Logic Apps, "Handle large messages". An upload begins with a POST or PUT without a body, with
`x-ms-transfer-mode: chunked` and `x-ms-content-length`; the response has a `Location`, and may have `x-ms-chunk-size`.
Chunks follow as PATCH with `Content-Range: bytes=FIRST-LAST/SIZE`; each response has the `Range` received so far. A
download goes on after a 206 with GETs for the next ranges. Requests to a `Location` have no headers of the action.
"""

from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import urljoin

from workflow_player.errors import ActionFailed
from workflow_player.messages import Request, Response

MESSAGE_LIMIT = 104857600
"""Bytes of a message without chunks."""

CHUNKED_LIMIT = 1 << 30
CHUNK_BYTES = 52428800

Attempt = Callable[[Request], Response]
"""Sends a request, with retries."""


@dataclass(frozen=True)
class TransferLimits:
    message_bytes: int = MESSAGE_LIMIT
    chunked_bytes: int = CHUNKED_LIMIT
    chunk_bytes: int = CHUNK_BYTES


def uploaded(attempt: Attempt, request: Request, limits: TransferLimits) -> Response:
    """The last response. One that is no success ends the transfer."""
    size = len(request.body)
    if size > limits.chunked_bytes:
        raise ActionFailed("RequestEntityTooLarge", f"content in chunks has at most {limits.chunked_bytes} bytes")
    content_type = next((value for name, value in request.headers.items() if name.lower() == "content-type"), "")
    headers = {name: value for name, value in request.headers.items() if name.lower() != "content-type"}
    begins = {**headers, "x-ms-transfer-mode": "chunked", "x-ms-content-length": str(size)}
    response = begun = attempt(Request(request.method, request.url, request.queries, begins))
    location = begun.header("Location")
    if not begun.ok:
        return begun
    if location is None:
        raise ActionFailed("ChunkedTransferFailed", "the endpoint does not take chunks: no Location", begun.outputs())
    address, first = urljoin(request.url, location), 0
    length = limits.chunk_bytes
    while first < size:
        length = int(response.header("x-ms-chunk-size") or length)
        chunk = request.body[first : first + length]
        response = attempt(
            Request(
                "PATCH",
                address,
                headers={
                    "Content-Range": f"bytes={first}-{first + len(chunk) - 1}/{size}",
                    "Content-Type": content_type or "application/octet-stream",
                },
                body=chunk,
            )
        )
        if not response.ok:
            return response
        received = received_bytes(response)
        if received <= first:
            raise ActionFailed("ChunkedTransferFailed", "the response to a chunk has no Range", response.outputs())
        first = received
    return response


def received_bytes(response: Response) -> int:
    """How many bytes have arrived, from the header Range of a response to a chunk."""
    text = response.header("Range")
    return int(text.rpartition("-")[2]) + 1 if text else 0


def downloaded(attempt: Attempt, request: Request, first: Response, limits: TransferLimits) -> Response:
    """A response with the whole content, of which the first has a part."""
    parts, last, size = [first.body], *_range(first)
    received = len(first.body)
    while last + 1 < size:
        if received > limits.chunked_bytes:
            break
        headers = {**request.headers, "Range": f"bytes={last + 1}-{min(last + limits.chunk_bytes, size - 1)}"}
        if first.header("ETag"):
            headers["If-Range"] = first.header("ETag") or ""
        response = attempt(Request("GET", request.url, request.queries, headers))
        if response.status != HTTPStatus.PARTIAL_CONTENT:
            raise ActionFailed("ChunkedTransferFailed", "the content has changed meanwhile", response.outputs())
        parts.append(response.body)
        received += len(response.body)
        last, size = _range(response)
    headers = {name: value for name, value in first.headers.items() if name.lower() not in ("content-range",)}
    return Response(HTTPStatus.OK, headers, b"".join(parts))


def _range(response: Response) -> tuple[int, int]:
    """The last byte of a part, and the size of the whole."""
    text = (response.header("Content-Range") or "").removeprefix("bytes ")
    part, _, size = text.partition("/")
    if not part or not size.isdigit():
        raise ActionFailed("ChunkedTransferFailed", "a 206 has no Content-Range", response.outputs())
    return int(part.partition("-")[2]), int(size)
