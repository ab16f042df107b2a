"""Compressed bodies (RFC 9110, section 8.4.1): those of requests, in gzip and deflate, are decompressed up to a limit;
those of responses may be compressed if the client accepts it.
"""

import re
import zlib
from collections.abc import Callable

from ..errors import InvalidRequest, RequestTooLarge, UnsupportedMediaType

_SMALL_BYTES = 1 << 20
_GZIP, _ZLIB, _RAW = 16 + zlib.MAX_WBITS, zlib.MAX_WBITS, -zlib.MAX_WBITS


def accepts_gzip(accept_encoding: str) -> bool:
    """Whether the response may be compressed (RFC 9110, section 12.5.3)."""
    weights = {}
    for item in accept_encoding.lower().split(","):
        coding, _, parameter = item.partition(";")
        weight = re.fullmatch(r"\s*q=([01](?:\.[0-9]{0,3})?)\s*", parameter)
        weights[coding.strip()] = float(weight[1]) if weight else 1.0
    return weights.get("gzip", weights.get("*", 0)) > 0


def is_compressed(encoding: str) -> bool:
    return encoding.strip().lower() not in ("", "identity")


def decompressed(
    body: bytes, encoding: str, most_bytes: int, *, before_large: Callable[[int], None] = lambda most_bytes: None
) -> bytes:
    """The body before it was compressed; the same object if it was not. `encoding` is the header Content-Encoding.

    Decompresses little more than `most_bytes`, however much the body contains. Calls `before_large` with that number
    before it decompresses more than a mebibyte. Raises UnsupportedMediaType,
    RequestTooLarge, and InvalidRequest for a body in another format.
    """
    name = encoding.strip().lower()
    if not is_compressed(name) or not body:
        return body
    if name in ("gzip", "x-gzip"):
        window = _GZIP
    elif name == "deflate":  # by the standard with zlib's header, but some clients omit it
        window = _ZLIB if body[0] & 0x0F == zlib.DEFLATED and int.from_bytes(body[:2], "big") % 31 == 0 else _RAW
    else:
        raise UnsupportedMediaType(
            f"The Content-Encoding '{encoding[:60]}' is not supported. Send the body as gzip, deflate or uncompressed.",
            target="Content-Encoding",
            headers={"Accept-Encoding": "gzip, deflate"},
        )
    try:
        small = _decompressed(body, window, min(_SMALL_BYTES, most_bytes))
        if small is not None:
            return small
        before_large(most_bytes)
        large = _decompressed(body, window, most_bytes)
    except zlib.error:
        raise InvalidRequest(
            f"The body is not one complete {name} stream, although Content-Encoding is {name}. Compress it again, or "
            "omit the header.",
            target="Content-Encoding",
        ) from None
    if large is None:
        raise RequestTooLarge(
            f"The decompressed body has more than {most_bytes:,} bytes, which is the most. Send less at a time."
        )
    return large


def _decompressed(body: bytes, window: int, most_bytes: int) -> bytes | None:
    """None if it has more than `most_bytes`. Raises zlib.error.

    Of gzip's members, only one is accepted: clients send no more, and a million of empty ones would take long to read.
    """
    stream = zlib.decompressobj(window)
    decompressed_body = stream.decompress(body, most_bytes + 1)
    if len(decompressed_body) > most_bytes:
        return None
    if not stream.eof or stream.unused_data.strip(b"\0"):
        raise zlib.error
    return decompressed_body
