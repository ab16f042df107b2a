"""Compressed bodies: which encodings are accepted, and that a small body cannot become a large one."""

import gzip
import time
import tracemalloc
import zlib

import pytest

from connector.errors import InvalidRequest, RequestTooLarge, UnsupportedMediaType
from connector.http.compression import accepts_gzip, decompressed

TEXT = b'{"pythonCode": "print(6 * 7)"}' * 20


def raw_deflate(body: bytes) -> bytes:
    stream = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return stream.compress(body) + stream.flush()


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        ("", TEXT),
        ("identity", TEXT),
        ("gzip", gzip.compress(TEXT, mtime=0)),
        (" GZIP ", gzip.compress(TEXT, mtime=0)),
        ("x-gzip", gzip.compress(TEXT, mtime=0)),
        ("deflate", zlib.compress(TEXT)),
        ("deflate", raw_deflate(TEXT)),
        ("gzip", gzip.compress(TEXT, mtime=0) + b"\0\0"),
    ],
    ids=["none", "identity", "gzip", "capitals", "x-gzip", "zlib", "raw-deflate", "padded"],
)
def test_gzip_and_deflate_are_decompressed(encoding, body):
    """Deflate with the header of zlib, as the standard says, and without, as some clients send it."""
    assert decompressed(body, encoding, len(TEXT)) == TEXT


def test_a_body_may_be_empty():
    """Clients send the header with every request."""
    assert decompressed(b"", "gzip", 10) == b""


@pytest.mark.parametrize("encoding", ["br", "zstd", "compress", "gzip, gzip", "aes128gcm"])
def test_another_encoding_is_named(encoding):
    """With those that are accepted, also in Accept-Encoding (RFC 9110, section 12.5.3)."""
    with pytest.raises(UnsupportedMediaType, match=f"'{encoding}'.*gzip, deflate") as raised:
        decompressed(b"x", encoding, 10)
    assert raised.value.headers == {"Accept-Encoding": "gzip, deflate"}


@pytest.mark.parametrize(
    "body",
    [
        TEXT,
        gzip.compress(TEXT, mtime=0)[:-9],
        gzip.compress(TEXT, mtime=0) + b"more",
        gzip.compress(b"", mtime=0) * 2,
        zlib.compress(TEXT),
    ],
    ids=["plain", "incomplete", "more", "members", "zlib"],
)
def test_a_body_that_is_not_gzip_is_refused(body):
    """It is not stored or run as it is."""
    with pytest.raises(InvalidRequest, match="Content-Encoding is gzip"):
        decompressed(body, "gzip", 1_000_000)


def test_a_body_that_becomes_too_large_is_refused():
    """Little more than the limit is decompressed, however large the rest is."""
    bomb = gzip.compress(b"\0" * 200_000_000, compresslevel=1)
    tracemalloc.start()
    started = time.thread_time()
    with pytest.raises(RequestTooLarge, match="1,000,000"):
        decompressed(bomb, "gzip", 1_000_000)
    assert time.thread_time() - started < 2
    assert tracemalloc.get_traced_memory()[1] < 10_000_000
    tracemalloc.stop()


@pytest.mark.parametrize(
    ("header", "accepted"),
    [
        ("", False),
        ("gzip", True),
        ("deflate, GZIP , br", True),
        ("gzip;q=0", False),
        ("gzip ; q=0.000, *", False),
        ("gzip;q=0.5, identity;q=1", True),
        ("*", True),
        ("*;q=0", False),
        ("identity, *;q=0.1", True),
        ("br, deflate", False),
        ("gzipped", False),
        ("gzip;q=nan", True),
        (";q=0,,;", False),
    ],
)
def test_which_responses_may_be_compressed(header, accepted):
    """Those to clients that accept gzip, by name or as any encoding, with a weight above 0."""
    assert accepts_gzip(header) is accepted
