"""Messages whose texts are long."""

from typing import Any

import pytest

from emulator.session_pool.engines.shared import frames, messages
from emulator.session_pool.engines.shared.messages import FAILURE, MAX_BYTES

LONG = "\0é😀" * 50_000


def sent(kind: str, **content: Any) -> list[frames.Message]:
    """What arrives of a message, at a reader with the limits of the server."""
    reader = frames.Reader()
    encoded = messages.encoded({"type": kind, "parent": "r", "content": content}, str)
    return [message for frame in encoded for message in reader.feed(frame)]


def joined(arrived: list[frames.Message], name: str) -> str:
    parts = [message for message in arrived if message["type"] == "part" and message["name"] == name]
    assert [part["first"] for part in parts] == [True, *[False] * (len(parts) - 1)]
    return "".join(part["text"] for part in parts)


def test_a_short_message_is_one_frame():
    """As it is."""
    content = {"data": {"text/plain": "5", "text/html": "<b>5</b>"}, "metadata": {}}
    assert sent("execute_result", **content) == [{"type": "execute_result", "parent": "r", "content": content}]


def test_a_long_value_comes_in_pieces_without_what_no_result_has():
    """Its message names them."""
    arrived = sent("execute_result", data={"text/plain": LONG, "text/html": LONG, "image/png": LONG}, metadata={})
    assert joined(arrived, "text/plain") == joined(arrived, "image/png") == LONG
    assert all(message.get("name") != "text/html" for message in arrived)
    assert arrived[-1]["content"] == {"data": {}, "parts": ["text/plain", "image/png"]}


def test_long_output_is_several_messages():
    """Of the same stream."""
    arrived = sent("stream", name="stdout", text=LONG)
    assert len(arrived) > 1
    assert "".join(message["content"]["text"] for message in arrived) == LONG


@pytest.mark.parametrize("kind", ["error", "execute_reply"])
def test_a_long_failure_comes_as_it_is_shown(kind):
    """The message of the exception, and the traceback."""
    arrived = sent(kind, status="error", ename="E", evalue=LONG, traceback=["a", LONG])
    assert joined(arrived, FAILURE) == f"{LONG}a\n{LONG}\n\n"
    assert arrived[-1]["content"] == {"status": "error", "ename": "E", "parts": [FAILURE]}


def test_a_long_reply_still_asks_to_exit():
    """What else it has, such as a page for a pager, is for notebooks."""
    arrived = sent("execute_reply", status="ok", payload=[{"source": "page", "data": LONG}, {"source": "ask_exit"}])
    assert arrived[-1]["content"] == {"status": "ok", "payload": [{"source": "ask_exit"}]}


def test_a_value_that_is_too_large_is_refused_where_it_is_displayed():
    """With what to do instead."""
    with pytest.raises(ValueError, match="/mnt/data"):
        sent("execute_result", data={"text/plain": "x" * (MAX_BYTES + 1)})
