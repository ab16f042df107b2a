"""Bodies of requests and responses, with as little memory as possible."""

from collections.abc import Iterator

import requests

_READ_BYTES = 64 << 10
_SENT_BYTES = 1 << 20


class BodyTooLarge(Exception):
    """A response that is longer than any that is needed."""


def load(response: requests.Response, most_bytes: int) -> None:
    """Reads the body, so that it is `content`. Raises requests.RequestException, and BodyTooLarge."""
    pieces: list[bytes] = []
    length = 0
    for piece in response.iter_content(_READ_BYTES):
        pieces.append(piece)
        length += len(piece)
        if length > most_bytes:
            response.close()
            raise BodyTooLarge
    response._content = b"".join(pieces)


class BytesBody:
    """The body of an upload, which is never copied.

    Each iteration yields all of it, so that it can be sent again; in pieces, because a connection's timeout is that of
    each piece.
    """

    def __init__(self, content: bytes) -> None:
        self._content = content

    def __len__(self) -> int:
        return len(self._content)

    def __iter__(self) -> Iterator[memoryview]:
        content = memoryview(self._content)
        for start in range(0, len(content), _SENT_BYTES):
            yield content[start : start + _SENT_BYTES]
