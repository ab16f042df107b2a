"""Messages between the server and an interpreter, which may send anything."""

import struct

import pytest

from emulator.session_pool.engines.shared import frames


def test_messages_are_assembled_from_any_chunks():
    """Byte by byte or several at once."""
    sent = [{"a": 1}, {"b": "é\ud800"}, {}]
    wire = b"".join(frames.encode(message) for message in sent)
    for size in (1, 3, len(wire)):
        reader = frames.Reader()
        found = [m for start in range(0, len(wire), size) for m in reader.feed(wire[start : start + size])]
        assert found == sent


@pytest.mark.parametrize(
    "body", [b"{", b"[]", b"3", b"\xff", b"[" * 100_000], ids=["cut", "list", "number", "bytes", "deep"]
)
def test_an_invalid_message_ends_the_connection(body):
    """BadFrame for each kind of invalid message."""
    with pytest.raises(frames.BadFrame):
        list(frames.Reader().feed(struct.pack(">I", len(body)) + body))


def test_an_excessive_length_is_refused_before_memory_is_allocated():
    """The header alone decides."""
    with pytest.raises(frames.BadFrame):
        list(frames.Reader().feed(struct.pack(">I", 2**32 - 1)))


def test_a_long_request_is_accepted_by_an_interpreter_only():
    """Code may be long; what an interpreter sends is decoded in one go, and its texts come in pieces."""
    long = frames.encode({"code": "x" * frames.MAX_FRAME_BYTES})
    assert len(list(frames.Reader(of_requests=True).feed(long))) == 1
    with pytest.raises(frames.BadFrame):
        list(frames.Reader().feed(long))


def test_a_message_may_have_few_values_only():
    """Unless they are in a string, or in a request: each value takes the server's time and memory."""
    text = {"text": '[{,"\\' * 10_000}
    assert list(frames.Reader().feed(frames.encode(text))) == [text]
    wide = frames.encode({"list": [[]] * 10_000})
    assert len(list(frames.Reader(of_requests=True).feed(wide))) == 1
    with pytest.raises(frames.BadFrame, match="too many values"):
        list(frames.Reader().feed(wide))


def test_messages_that_are_not_taken_are_kept():
    """A reader that stops after a slice of time continues where it was."""
    reader = frames.Reader()
    sent = frames.encode({"a": 1}) + frames.encode({"a": 2})
    assert next(reader.feed(sent)) == {"a": 1}
    assert list(reader.feed(b"")) == [{"a": 2}]
