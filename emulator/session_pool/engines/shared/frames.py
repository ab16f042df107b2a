"""How the server and a session's interpreter talk: JSON objects, each behind its length in four bytes.

What comes from an interpreter is written by the code that runs in it, so the reader trusts nothing: the length is
checked before memory is taken, and anything that is not a JSON object ends the conversation.
"""

import json
import re
import struct
from collections.abc import Iterator
from typing import Any

_HEADER = struct.Struct(">I")
MAX_FRAME_BYTES = 64 << 20  # a figure or a table of a single output; longer ones cost the run, not the server

Message = dict[str, Any]


_LARGE_BYTES = 1 << 20
_MAX_PARTS = 100_000  # each becomes an object of the server's, many times as large as its text
_STRING = re.compile(rb'"(?:[^"\\]|\\.)*+"', re.DOTALL)


class BadFrame(Exception):
    """The other side does not keep to the protocol."""


def encode(message: Message) -> bytes:
    """Raises ValueError or TypeError for what JSON cannot say."""
    body = json.dumps(message, separators=(",", ":")).encode("utf-8", "surrogatepass")
    return _HEADER.pack(len(body)) + body


class Reader:
    """Puts messages together from whatever pieces arrive."""

    def __init__(self) -> None:
        self._received = bytearray()

    def feed(self, received: bytes) -> Iterator[Message]:
        """Yields each message that is whole now. Raises BadFrame."""
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
    if len(body) > _LARGE_BYTES and _parts(body) > _MAX_PARTS:
        raise BadFrame("a message of too many parts")
    try:
        message = json.loads(body)
    except (ValueError, RecursionError):
        raise BadFrame("a message that is not JSON") from None
    if not isinstance(message, dict):
        raise BadFrame("a message that is not an object")
    return message


def _parts(body: bytes) -> int:
    outside = _STRING.sub(b"", body)
    return sum(map(outside.count, (b",", b"[", b"{")))
