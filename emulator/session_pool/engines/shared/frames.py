"""The protocol between the server and a session's interpreter: JSON objects, each after its length in four bytes.

A request has an `id`, and may have `expires_at`. The interpreter sends messages shaped as Jupyter's, with a `type`, the
id of their request as `parent`, and `content`: first `status`, when the request begins, and at the end `execute_reply`.

User code can write to this socket, so the reader trusts nothing: the length is checked before memory is allocated, and
anything that is not a JSON object ends the connection.
"""

import json
import re
import struct
import time
from collections.abc import Callable, Iterator
from typing import Any

_HEADER = struct.Struct(">I")
MAX_FRAME_BYTES = 64 << 20  # enough for a figure or a table; a longer message fails the execution, not the server

Message = dict[str, Any]


_LARGE_BYTES = 1 << 20
_MAX_VALUES = 100_000  # each becomes an object in the server, many times as large as its text
_STRING = re.compile(rb'"(?:[^"\\]|\\.)*+"', re.DOTALL)


class BadFrame(Exception):
    """The peer violates the protocol."""


def has_expired(request: Message) -> bool:
    """True if it is too late to begin the request: its caller has already been answered.

    `expires_at` is a time of the monotonic clock, which all processes of a machine share.
    """
    expires_at = request.get("expires_at")
    return expires_at is not None and time.monotonic() >= expires_at


def encode(message: Message, default: Callable[[Any], Any] | None = None) -> bytes:
    """`default` converts what JSON has no form for, as `json.dumps` describes.

    Raises ValueError or TypeError for what JSON cannot represent, which includes infinite numbers and NaN.
    """
    body = json.dumps(message, separators=(",", ":"), default=default, allow_nan=False).encode()
    return _HEADER.pack(len(body)) + body


class Reader:
    """Assembles messages from chunks of any size."""

    def __init__(self) -> None:
        self._received = bytearray()

    def feed(self, received: bytes) -> Iterator[Message]:
        """Yields each message that is complete now. Raises BadFrame."""
        self._received += received
        while len(self._received) >= _HEADER.size:
            (length,) = _HEADER.unpack_from(self._received)
            if length > MAX_FRAME_BYTES:
                raise BadFrame(f"a message of {length:,} bytes")
            end = _HEADER.size + length
            if len(self._received) < end:
                return
            body = bytes(self._received[_HEADER.size : end])
            del self._received[:end]
            yield _decode(body)


def _decode(body: bytes) -> Message:
    if len(body) > _LARGE_BYTES and _values(body) > _MAX_VALUES:
        raise BadFrame("a message of too many values")
    try:
        message = json.loads(body)
    except (ValueError, RecursionError):
        raise BadFrame("a message that is not JSON") from None
    if not isinstance(message, dict):
        raise BadFrame("a message that is not an object")
    return message


def _values(body: bytes) -> int:
    outside = _STRING.sub(b"", body)
    return sum(map(outside.count, (b",", b"[", b"{")))
