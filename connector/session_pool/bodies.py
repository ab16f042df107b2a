"""Reads the bodies of the pool's responses in JSON, up to a limit."""

import requests

from . import wire

_PIECE_BYTES = 64 << 10


def load(response: requests.Response) -> None:
    """Reads the body, so that it is `content`. Raises requests.RequestException, and ResponseTooLarge."""
    pieces: list[bytes] = []
    length = 0
    for piece in response.iter_content(_PIECE_BYTES):
        pieces.append(piece)
        length += len(piece)
        if length > wire.MOST_BYTES:
            response.close()
            raise wire.response_too_large()
    response._content = b"".join(pieces)
