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


def test_large_messages_may_have_few_values_only():
    """A long text is accepted regardless of its content; a message of a million objects is not."""
    text = {"text": '[{,"\\' * 500_000}
    assert list(frames.Reader().feed(frames.encode(text))) == [text]
    with pytest.raises(frames.BadFrame, match="too many values"):
        list(frames.Reader().feed(frames.encode({"list": [{}] * 700_000})))
