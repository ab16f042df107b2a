"""The headers about ranges and versions of a file (RFC 9110, sections 13 and 14)."""

import re
from collections.abc import Mapping
from datetime import UTC
from email.utils import format_datetime

from ..errors import InvalidRequest, RangeNotSatisfiable
from ..models import FileBytes

_RANGE = re.compile(r"bytes=([0-9]{0,18})-([0-9]{0,18})")
_CONTENT_RANGE = re.compile(r"bytes[= ]([0-9]{1,18})-([0-9]{1,18})/([0-9]{1,18})")
_LENGTH = re.compile("[0-9]{1,18}")


def requested_range(headers: Mapping[str, str], file: FileBytes, longest: int) -> tuple[int, int] | None:
    """The first and last byte to send, `longest` bytes at most, of the one range that the header Range requests.

    None for the complete file: without the header, for several ranges, for other units, and if If-Range has another
    version of the file. Raises RangeNotSatisfiable.
    """
    found = _RANGE.fullmatch(headers.get("range", "").replace(" ", "").lower())
    if found is None or found.groups() == ("", ""):
        return None
    if (condition := headers.get("if-range", "").strip()) and condition not in (file.etag, http_date(file)):
        return None
    start, end = found.groups()
    if start == "":
        first, last = max(file.size - int(end), 0), file.size - 1
    else:
        first, last = int(start), min(int(end) if end else file.size - 1, file.size - 1)
    if end and start and int(end) < int(start):
        return None
    if first >= file.size or last < first:
        raise RangeNotSatisfiable(
            f"The Range header requests bytes after the end of the file, which has {file.size:,} bytes. Request a "
            "range within the file.",
            target="Range",
            headers={"Content-Range": f"bytes */{file.size}"},
        )
    return first, min(last, first + longest - 1)


def sent_range(header: str, length: int, size: int) -> int:
    """The first byte of a chunk with `length` bytes, of a file with `size` bytes. Raises InvalidRequest.

    Workflows send `bytes=0-9/30` ("Handle large messages with chunking" in the documentation of Azure Logic Apps),
    other clients `bytes 0-9/30`.
    """
    found = _CONTENT_RANGE.fullmatch(header.strip())
    if found is None:
        raise InvalidRequest(
            "The header Content-Range is missing or not valid. Send the chunk's first and last byte and the file's "
            "size, as in bytes=0-1023/4096.",
            target="Content-Range",
        )
    first, last, total = map(int, found.groups())
    if total != size:
        raise InvalidRequest(
            f"The header Content-Range gives the file {total:,} bytes, and x-ms-content-length announced {size:,}. "
            "Send the same size.",
            target="Content-Range",
        )
    if last >= size or last + 1 - first != length:
        raise InvalidRequest(
            f"The header Content-Range gives the bytes {first} to {last} of {size}, and the body has {length:,} bytes. "
            "Send the range of the bytes in the body.",
            target="Content-Range",
        )
    return first


def announced_length(header: str) -> int:
    """The size of a file for a chunked upload. Raises InvalidRequest."""
    if not _LENGTH.fullmatch(header.strip()):
        raise InvalidRequest(
            "A chunked upload needs the header x-ms-content-length. Send the number of bytes of the complete file.",
            target="x-ms-content-length",
        )
    return int(header)


def is_unchanged(headers: Mapping[str, str], etag: str | None) -> bool:
    """Whether If-None-Match names this version of the file, so that the caller has it already."""
    header = headers.get("if-none-match", "")
    tags = {tag.strip().removeprefix("W/") for tag in header.split(",")}
    return etag is not None and bool(tags & {etag.removeprefix("W/"), "*"})


def http_date(file: FileBytes) -> str | None:
    """When the file was last modified, in the format of headers."""
    if file.last_modified_time is None:
        return None
    try:
        return format_datetime(file.last_modified_time.astimezone(UTC), usegmt=True)
    except (ValueError, OverflowError):  # code can give a file any time
        return None
