"""Conditions on ETags and times, and ranges.

Sources: "Specifying conditional headers for Blob service operations" and "Specifying the range header for Blob service
operations" in the REST reference.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from .errors import StorageError

NAMES = ("if-match", "if-none-match", "if-modified-since", "if-unmodified-since")
_RANGE = re.compile(r"bytes=(\d{1,18})-(\d{1,18})?")


def refuse_conditions(headers: Mapping[str, str]) -> None:
    """For operations that take none."""
    if any(name in headers for name in NAMES):
        raise StorageError("ConditionHeadersNotSupported")


def check_conditions(headers: Mapping[str, str], etag: str | None, modified: datetime | None, *, reading: bool) -> None:
    """`etag` is None if there is no blob. Raises StorageError.

    A read whose condition says "unchanged" is a 304; a write that may only create is a 409 where there is a blob.
    """
    if ("if-match" in headers and "if-none-match" in headers) or (
        "if-modified-since" in headers and "if-unmodified-since" in headers
    ):
        raise StorageError("MultipleConditionHeadersNotSupported")
    since = _date(headers, "if-modified-since"), _date(headers, "if-unmodified-since")
    if "if-match" in headers and not (etag is not None and _names(headers["if-match"], etag)):
        raise StorageError("ConditionNotMet")
    if since[1] is not None and modified is not None and modified > since[1]:
        raise StorageError("ConditionNotMet")
    is_known = etag is not None and "if-none-match" in headers and _names(headers["if-none-match"], etag)
    if is_known and not reading and headers["if-none-match"].strip() == "*":
        raise StorageError("BlobAlreadyExists")
    is_older = since[0] is not None and modified is not None and modified <= since[0]
    if is_known or (is_older and "if-none-match" not in headers):
        raise StorageError("ConditionNotMet", status=304 if reading else 412)


def requested_range(headers: Mapping[str, str], size: int) -> tuple[int, int] | None:
    """The first byte and the one after the last; None for all. Raises StorageError."""
    text = headers.get("x-ms-range") or headers.get("range")
    if not text:
        return None
    match = _RANGE.fullmatch(text.strip())
    first, last = (int(match[1]), int(match[2]) if match[2] else size - 1) if match else (1, 0)
    if match is None or (match[2] and last < first):
        raise StorageError("InvalidHeaderValue", HeaderName="Range", HeaderValue=text[:200])
    if first >= size:
        raise StorageError("InvalidRange", headers={"Content-Range": f"bytes */{size}"})
    return first, min(last + 1, size)


def _names(header: str, etag: str) -> bool:
    return header.strip() == "*" or header.strip().strip('"') == etag.strip('"')


def _date(headers: Mapping[str, str], name: str) -> datetime | None:
    if name not in headers:
        return None
    try:
        moment = parsedate_to_datetime(headers[name])
    except ValueError:
        raise StorageError("InvalidHeaderValue", HeaderName=name, HeaderValue=headers[name][:200]) from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
