"""Which bytes of a file a header speaks of, and whether a caller has them already (RFC 9110, sections 13 and 14)."""

import re
from collections.abc import Mapping
from datetime import UTC
from email.utils import format_datetime

from ..errors import InvalidRequest, RangeNotSatisfiable
from ..models import FileBytes

_RANGE = re.compile(r"bytes=([0-9]{0,18})-([0-9]{0,18})")
_CONTENT_RANGE = re.compile(r"bytes[= ]([0-9]{1,18})-([0-9]{1,18})/([0-9]{1,18})")
_LENGTH = re.compile("[0-9]{1,18}")


def asked_range(headers: Mapping[str, str], file: FileBytes, longest: int) -> tuple[int, int] | None:
    """First and last byte to send, `longest` bytes at most, of the one range that the header Range asks for.

    None for the whole file, as for several ranges, other units, and when If-Range names another version of the file.
    Raises RangeNotSatisfiable.
    """
    found = _RANGE.fullmatch(headers.get("range", "").replace(" ", ""))
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
            f"The file has {file.size:,} bytes, and the Range header asks for bytes behind its end.",
            target="Range",
            headers={"Content-Range": f"bytes */{file.size}"},
        )
    return first, min(last, first + longest - 1)


def sent_range(header: str, length: int, size: int) -> int:
    """The first byte that a part of `length` bytes begins with, of a file of `size` bytes. Raises InvalidRequest.

    Workflows write `bytes=0-9/30` (the page on large messages in the documentation of Azure Logic Apps), and everyone
    else `bytes 0-9/30`.
    """
    found = _CONTENT_RANGE.fullmatch(header.strip())
    if found is None:
        raise InvalidRequest(
            "The header Content-Range must say which bytes these are, and of how many, as in bytes=0-1023/4096.",
            target="Content-Range",
        )
    first, last, total = map(int, found.groups())
    if total != size:
        raise InvalidRequest(
            f"The header Content-Range says that the file has {total:,} bytes; {size:,} were announced in "
            "x-ms-content-length.",
            target="Content-Range",
        )
    if last >= size or last + 1 - first != length:
        raise InvalidRequest(
            f"The header Content-Range speaks of the bytes {first} to {last} of {size}, and the body has {length:,}.",
            target="Content-Range",
        )
    return first


def announced_length(header: str) -> int:
    """Of a file that comes in parts. Raises InvalidRequest."""
    if not _LENGTH.fullmatch(header.strip()):
        raise InvalidRequest(
            "A file that comes in parts needs the header x-ms-content-length, with the number of all its bytes.",
            target="x-ms-content-length",
        )
    return int(header)


def is_unchanged(headers: Mapping[str, str], file: FileBytes) -> bool:
    """Whether If-None-Match names this version of the file, which the caller then has already."""
    known = headers.get("if-none-match", "")
    tags = {tag.strip().removeprefix("W/") for tag in known.split(",")}
    return file.etag is not None and bool(tags & {file.etag, "*"})


def http_date(file: FileBytes) -> str | None:
    """When it was last changed, as headers have it."""
    if file.last_modified_time is None:
        return None
    try:
        return format_datetime(file.last_modified_time.astimezone(UTC), usegmt=True)
    except (ValueError, OverflowError):  # code can date a file as it likes
        return None
