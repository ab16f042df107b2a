"""Conversations over time: interruptions, restarts, order, and their end."""

import concurrent.futures
import socket
import time
from urllib.parse import urlencode

import pytest

from examples.autogen_web_api.app import create_app
from examples.autogen_web_api.settings import Settings

from .client import UNTIL_GO, Client
from .replies import calls, replay
from .servers import serving


def test_client_that_disconnects_cancels_its_run(start_app):
    """The run is interrupted, the conversation goes on with its variables, and the model knows of the interruption."""
    client = Client(start_app())
    client.run("before = 41")
    address = client.http.base_url
    with socket.create_connection((address.host, address.port)) as impatient:
        query = urlencode({"message": UNTIL_GO, "conversation_id": client.id})
        impatient.sendall(f"GET /chat?{query} HTTP/1.1\r\nHost: {address.host}\r\n\r\n".encode())
        client.until_started()
    begin = time.monotonic()
    assert client.run("before + 1, stopped") == "(42, True)"
    assert time.monotonic() - begin < 10


def test_interrupted_message_is_not_part_of_the_conversation(start_app):
    """After an answer that took too long, the model reads the earlier messages, and that one was interrupted."""
    model = replay("Hello.", calls("import time\ntime.sleep(60)"), "Here I am.")
    client = Client(start_app(model, answer_seconds=2))
    client.ask("Hi.")
    error = client.response_to("Sleep.", status=504)["error"]
    assert (error["code"], error["message"]) == (
        "AnswerTimeout",
        "The answer took longer than 2 s. Ask for less at a time.",
    )
    assert client.ask("Are you there?")["answer"] == "Here I am."
    messages = [message.content for message in model.create_calls[-1]["messages"][1:]]
    assert messages[:2] == ["Hi.", "Hello."] and len(messages) == 3
    assert "interrupted" in messages[2] and messages[2].endswith("Are you there?")


def test_connector_that_is_restarted_during_a_conversation(start_app, connector_alone, in_background):
    """Conversations go on through a restart of the connector, and an answer in progress is not lost."""
    client = Client(start_app(connector_url=connector_alone.url, connector_key=None))
    client.run("before = 41")
    answer = in_background(client.ask, UNTIL_GO)
    client.until_started()
    connector_alone.kill()
    connector_alone.start()
    assert client.upload("go", b"").status_code == 200
    assert answer.result(timeout=60)["runs"][0]["succeeded"]
    connector_alone.kill()
    connector_alone.start()
    assert client.run("before + 1") == "42"


def test_messages_of_one_conversation_are_answered_in_order(start_app, in_background):
    """Two messages at once are answered one after the other."""
    client = Client(start_app()).begin()
    first = in_background(client.ask, UNTIL_GO)
    client.until_started()
    second = in_background(client.run, "stopped")
    with pytest.raises(concurrent.futures.TimeoutError):
        second.result(timeout=1)
    client.upload("go", b"")
    assert first.result(timeout=30)["runs"][0]["succeeded"]
    assert second.result(timeout=30) == "False"


def test_too_many_messages_at_once_are_refused(start_app, in_background):
    """A conversation takes a few messages that wait for their turn; the others are a 429."""
    client = Client(start_app()).begin()
    first = in_background(client.ask, UNTIL_GO)
    client.until_started()
    later = [
        in_background(client.http.get, "/chat", params={"message": "Hi", "conversation_id": client.id})
        for _ in range(8)
    ]
    done, _ = concurrent.futures.wait(later, return_when=concurrent.futures.FIRST_COMPLETED, timeout=30)
    assert {job.result().json()["error"]["code"] for job in done} == {"ConversationBusy"}
    client.upload("go", b"")
    first.result(timeout=30)
    statuses = sorted(job.result(timeout=30).status_code for job in later)
    assert statuses == [200] * 4 + [429] * 4


def test_ended_conversation_ends_its_session(start_app, small_connector, in_background):
    """DELETE cancels what runs and frees the session, the only one of the pool; the ID is not accepted any more."""
    address = start_app(**small_connector, patience_seconds=0)
    client = Client(address).begin()
    waiting = in_background(client.response_to, UNTIL_GO, 404)
    client.until_started()
    assert Client(address).response_to("```python\n1\n```", status=503)["error"]["code"] == "ConnectorUnavailable"
    assert client.http.delete(f"/conversations/{client.id}").status_code == 204
    assert waiting.result(timeout=10)["error"]["code"] == "ConversationNotFound"
    assert client.http.delete(f"/conversations/{client.id}").status_code == 404
    next_client = Client(address)
    assert next_client.run("6 * 7") == "42"
    next_client.http.delete(f"/conversations/{next_client.id}")


def test_idle_conversation_ends_with_its_session(start_app, small_connector):
    """A conversation without requests for long enough ends, and its session is free for others."""
    address = start_app(**small_connector, idle_seconds=1)
    client = Client(address)
    client.run("1")
    while client.http.get("/health").json()["conversations"]:
        time.sleep(0.1)
    assert client.response_to("Hello", status=404)["error"]["code"] == "ConversationNotFound"
    next_client = Client(address)
    assert next_client.run("6 * 7") == "42"
    next_client.http.delete(f"/conversations/{next_client.id}")


def test_shutdown_ends_all_sessions(small_connector):
    """When the app stops, its sessions end: the next app gets the only one of the pool."""
    for _ in range(2):
        with serving(create_app(Settings(**small_connector, patience_seconds=0))) as address:
            assert Client(address).run("6 * 7") == "42"


def test_number_of_conversations_is_limited(start_app):
    """Above the limit a new conversation is a 429, until another has ended."""
    address = start_app(most_conversations=2)
    first = Client(address).begin()
    Client(address).begin()
    response = first.http.post("/conversations")
    assert (response.status_code, response.json()["error"]["code"]) == (429, "TooManyConversations")
    assert response.headers["Retry-After"] == "60"
    assert Client(address).response_to("Hi", status=429)["error"]["code"] == "TooManyConversations"
    first.http.delete(f"/conversations/{first.id}")
    Client(address).ask("Hi")


def test_failed_first_message_leaves_no_conversation(start_app):
    """A conversation whose ID nobody knows is ended at once."""
    client = Client(start_app(connector_key="wrong"))
    client.response_to("What time is it right now?", status=502)
    assert client.http.get("/health").json()["conversations"] == 0
