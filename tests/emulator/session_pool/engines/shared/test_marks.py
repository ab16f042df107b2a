"""Marks in a stream: where the output of a request begins."""

import os

import pytest

from emulator.session_pool.engines.shared.marks import OutputSinceMark, new_mark, with_mark, write_mark


@pytest.mark.parametrize("size", [1, 3, 16, 17, 18, 1000])
def test_only_what_follows_the_mark_is_passed_on(size):
    """However the stream is divided, and even after bytes that resemble a mark."""
    mark = new_mark()
    written = b"before" + mark[:-1] + mark[:5] + b"\0" + mark + b"after" + mark[:3] + b"end"
    output = OutputSinceMark()
    output.expect(mark)
    passed = b"".join(output.feed(written[start : start + size]) for start in range(0, len(written), size))
    assert passed == b"after" + mark[:3] + b"end"


def test_nothing_is_passed_on_before_the_first_request_or_the_next():
    """A mark belongs to one request."""
    first, second = new_mark(), new_mark()
    output = OutputSinceMark()
    assert output.feed(b"early") == b""
    output.expect(first)
    assert output.feed(first + b"one") == b"one"
    output.expect(second)
    assert output.feed(b"late" + first + b"later") == b""
    assert output.feed(second + b"two") == b"two"


def test_a_request_carries_its_mark():
    """Into each of the streams, except one that the code has closed."""
    mark = new_mark()
    read, write = os.pipe()
    closed = os.dup(write)
    os.close(closed)
    write_mark(with_mark({"id": "r"}, mark), [closed, write])
    assert os.read(read, 100) == mark
    os.close(read)
    os.close(write)
