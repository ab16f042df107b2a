"""The protocol between the server and a session's interpreter: JSON objects, each after its length in four bytes.

A request has an `id`, and may have `expires_at`. The interpreter sends messages shaped as Jupyter's, with a `type`, the
id of their request as `parent`, and `content`: first `status`, when the request begins, and at the end `execute_reply`.
Long texts are sent ahead of their message, in pieces: see messages.py.

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
MAX_FRAME_BYTES = 128 << 10
"""Of the interpreter. The server decodes a frame in one go, and meanwhile does nothing else."""

_MAX_VALUES = 5000  # of a frame, unless it is short: each takes the server time, and many times as much memory
_SHORT_BYTES = 16 << 10
_STRING = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"', re.DOTALL)

MAX_REQUEST_BYTES = 64 << 20
"""Of the server, which the interpreter trusts."""

Message = dict[str, Any]


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


def decode(frame: bytes) -> Message:
    """What `encode` was given, as JSON represents it."""
    return _decode(frame[_HEADER.size :])


class Reader:
    """Assembles messages from chunks of any size."""

    def __init__(self, *, of_requests: bool = False) -> None:
        """`of_requests` accepts what the server may send."""
        self._of_requests = of_requests
        self._max_bytes = MAX_REQUEST_BYTES if of_requests else MAX_FRAME_BYTES
        self._received = bytearray()

    def feed(self, received: bytes) -> Iterator[Message]:
        """Yields each message that is complete now. Raises BadFrame.

        Messages that are not taken are kept: the next call, which may add nothing, yields them.
        """
        self._received += received
        while len(self._received) >= _HEADER.size:
            (length,) = _HEADER.unpack_from(self._received)
            if length > self._max_bytes:
                raise BadFrame(f"a message of {length:,} bytes")
            end = _HEADER.size + length
            if len(self._received) < end:
                return
            body = bytes(self._received[_HEADER.size : end])
            del self._received[:end]
            if length > _SHORT_BYTES and not self._of_requests and _has_many_values(body):
                raise BadFrame("a message of too many values")
            yield _decode(body)


def _decode(body: bytes) -> Message:
    try:
        message = json.loads(body)
    except (ValueError, RecursionError):
        raise BadFrame("a message that is not JSON") from None
    if not isinstance(message, dict):
        raise BadFrame("a message that is not an object")
    return message


def _has_many_values(body: bytes) -> bool:
    return _separators(body) > _MAX_VALUES and _separators(_STRING.sub(b"", body)) > _MAX_VALUES


def _separators(text: bytes) -> int:
    return sum(map(text.count, (b",", b"[", b"{")))
