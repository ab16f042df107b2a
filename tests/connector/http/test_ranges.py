"""The headers about ranges and versions of a file."""

from datetime import UTC, datetime

import pytest

from connector.errors import InvalidRequest, RangeNotSatisfiable
from connector.http.ranges import announced_length, http_date, is_unchanged, requested_range, sent_range
from connector.models import FileBytes

TIME = datetime(2026, 11, 21, 5, 0, 1, 123456, UTC)


def file(size: int = 100, time: datetime | None = TIME) -> FileBytes:
    return FileBytes("a.csv", "text/csv", size, None, time)


@pytest.mark.parametrize(
    ("header", "found"),
    [
        ("bytes=0-9", (0, 9)),
        ("bytes=90-", (90, 99)),
        ("bytes=90-1000", (90, 99)),
        ("bytes=-10", (90, 99)),
        ("bytes=-1000", (0, 39)),
        ("bytes = 0 - 9", (0, 9)),
        ("bytes=0-99", (0, 39)),
        ("", None),
        ("bytes=-", None),
        ("bytes=9-0", None),
        ("bytes=0-1,5-6", None),
        ("lines=0-9", None),
        ("bytes=0-9x", None),
    ],
)
def test_requested_range(header, found):
    """As many bytes from the first one on as one response can have; None for the complete file."""
    assert requested_range({"range": header}, file(), 40) == found


@pytest.mark.parametrize(("header", "size"), [("bytes=100-", 100), ("bytes=-0", 100), ("bytes=0-", 0)])
def test_a_range_after_the_end_is_refused(header, size):
    """The response has the file's size."""
    with pytest.raises(RangeNotSatisfiable) as failure:
        requested_range({"range": header}, file(size), 40)
    assert failure.value.headers == {"Content-Range": f"bytes */{size}"}


@pytest.mark.parametrize(
    ("condition", "is_part"),
    [(file().etag, True), (http_date(file()), True), ('"other"', False), (f"W/{file().etag}", False), ("", True)],
)
def test_if_range_with_another_version_gets_the_complete_file(condition, is_part):
    """Also a weak one of the same version."""
    requested = requested_range({"range": "bytes=0-9", "if-range": condition}, file(), 40)
    assert requested == ((0, 9) if is_part else None)


def test_a_file_without_a_time_has_no_version():
    """It is never unchanged, and If-Range gets the complete file."""
    unknown = file(time=None)
    assert unknown.etag is None and http_date(unknown) is None
    assert not is_unchanged({"if-none-match": "*"}, unknown.etag)
    assert requested_range({"range": "bytes=0-9", "if-range": "None"}, unknown, 40) is None


def test_versions_differ_by_size_and_time():
    """To the microsecond."""
    later = TIME.replace(microsecond=123457)
    assert len({file().etag, file(101).etag, file(time=later).etag}) == 3
    assert http_date(file()) == "Sat, 21 Nov 2026 05:00:01 GMT"


@pytest.mark.parametrize("header", ["bytes=5-9/100", "bytes 5-9/100", " bytes 5-9/100 "])
def test_sent_range(header):
    """In the formats of workflows and of HTTP."""
    assert sent_range(header, 5, 100) == 5


@pytest.mark.parametrize(
    "header", ["", "5-9/100", "bytes 5-9", "bytes 5-9/*", "bytes 5-9/99", "bytes 5-8/100", "bytes 97-101/100"]
)
def test_a_chunk_with_an_invalid_range_is_refused(header):
    """The header is named."""
    with pytest.raises(InvalidRequest) as failure:
        sent_range(header, 5, 100)
    assert failure.value.target == "Content-Range"


def test_an_announced_length_is_a_number():
    """Of bytes; 0 for an empty file."""
    assert (announced_length("0"), announced_length(" 12 ")) == (0, 12)
    for invalid in ("", "-1", "1.5", "1" * 19, "٣"):
        with pytest.raises(InvalidRequest):
            announced_length(invalid)
