"""What the web API refuses, and what becomes of failures of the connector and the model."""

import logging

import pytest

from examples.autogen_web_api.settings import OpenAI

from .client import Client
from .openai_endpoint import OpenAIEndpoint
from .replies import calls, replay


def test_wrong_key_of_the_connector_is_an_error(start_app):
    """The error names the settings; the model is not asked to correct it."""
    model = replay(calls("1"), "The tool did not work.")
    client = Client(start_app(model, connector_key="wrong")).begin()
    error = client.response_to("Compute 1.", status=502)["error"]
    assert error["code"] == "ConnectorRefused" and "CONNECTOR_KEY" in error["message"]
    assert len(model.create_calls) == 1
    assert client.upload("a.txt", b"a").json()["error"]["code"] == "ConnectorRefused"


def test_connector_that_is_down_is_an_error(start_app):
    """Without a connector, runs and files are a 503 with what to check; health is answered."""
    client = Client(start_app(connector_url="http://127.0.0.1:9/api", patience_seconds=0.5)).begin()
    for response in (
        client.http.get("/chat", params={"message": "What time is it right now?", "conversation_id": client.id}),
        client.upload("a.txt", b"a"),
        client.http.get(f"/conversations/{client.id}/files"),
        client.http.get(f"/conversations/{client.id}/files/a.txt"),
    ):
        assert (response.status_code, response.json()["error"]["code"]) == (503, "ConnectorUnavailable")
        assert response.headers["Retry-After"] == "10" and "CONNECTOR_URL" in response.json()["error"]["message"]
    assert client.http.delete(f"/conversations/{client.id}").status_code == 204
    assert client.http.get("/health").status_code == 200


def test_requests_with_mistakes_are_errors_with_a_remedy(start_app):
    """Every mistake is a JSON error with a code and a message."""
    client = Client(start_app(most_message_characters=100, most_upload_bytes=1000)).begin()
    http, files = client.http, f"/conversations/{client.id}/files"
    form = {"Content-Type": "multipart/form-data; boundary=x"}
    expected = [
        (http.get("/chat"), 400, "InvalidRequest"),
        (http.get("/chat", params={"message": "  "}), 400, "InvalidRequest"),
        (http.get("/chat", params={"message": "x" * 101}), 413, "TooLarge"),
        (http.post("/chat", json={"message": "x", "unknown": 1}), 400, "InvalidRequest"),
        (http.post("/chat", content=b"{", headers={"Content-Type": "application/json"}), 400, "InvalidRequest"),
        (http.post(files), 400, "InvalidRequest"),
        (client.upload("large.bin", b"x" * 1001), 413, "TooLarge"),
        (client.upload("huge.bin", b"x" * 1_100_000), 413, "TooLarge"),
        (http.post("/chat", content=iter([b"{}"])), 400, "InvalidRequest"),
        (http.post(files, content=iter([b"x" * 400_000] * 4), headers=form), 400, "InvalidRequest"),
        (http.get("/chat", params={"message": "x"}, headers={"Sec-Fetch-Site": "cross-site"}), 403, "CrossSite"),
        (http.delete(files[:-6], headers={"Sec-Fetch-Site": "same-site"}), 403, "CrossSite"),
        (http.post("/conversations", headers={"Origin": "http://evil.example"}), 403, "CrossSite"),
        (http.post("/conversations", headers={"Origin": "null"}), 403, "CrossSite"),
        (http.get("/health", headers={"Host": "evil.example"}), 403, "HostNotAllowed"),
        (http.post("/chat", json={"message": "x" * 1_000_000}), 413, "TooLarge"),
        (http.post("/chat", content=iter([b"[" * 400_000] * 3)), 400, "InvalidRequest"),
        (client.upload("a\\b.txt", b"x"), 400, "InvalidFileName"),
        (client.upload("../b.txt", b"x"), 400, "InvalidFileName"),
        (client.upload("..", b"x"), 400, "InvalidFileName"),
        (http.get(f"{files}/%2e%2e"), 400, "InvalidFileName"),
        (http.get(f"{files}/%2e%2e/x"), 400, "InvalidFileName"),
        (http.get(f"{files}/nothing.txt"), 404, "FileNotFound"),
        (http.get(f"{files}/../../etc/passwd"), 404, "NotFound"),
        (http.get("/nothing"), 404, "NotFound"),
        (http.put("/chat"), 405, "MethodNotAllowed"),
    ]
    for response, status, code in expected:
        error = response.json()["error"]
        assert (response.status_code, error["code"]) == (status, code), response.text
        assert error["message"].endswith(".") and "Traceback" not in error["message"]


@pytest.mark.parametrize(
    ("status", "remedy"),
    [(401, "key or identity"), (403, "key or identity"), (404, "no such model"), (400, "Word the message differently")],
)
def test_model_that_refuses_is_an_error(start_app, status, remedy):
    """A refusal of the model is a 502 with a remedy, without the endpoint's own text; the conversation goes on."""
    endpoint = OpenAIEndpoint("Hello.", status, "Here I am.")
    with endpoint.running() as url:
        client = Client(start_app(model=OpenAI("some-model", "the key", url)))
        client.ask("Hi.")
        error = client.response_to("Something.", status=502)["error"]
        assert error["code"] == "ModelFailed" and remedy in error["message"] and "secret" not in error["message"]
        assert client.ask("Are you there?")["answer"] == "Here I am."


def test_log_has_no_ids_and_no_messages(start_app, connector, caplog):
    """The log has the routes and statuses of requests; neither IDs nor messages, file names or keys, at any level."""
    caplog.set_level(logging.DEBUG)
    with caplog.at_level(logging.DEBUG):
        client = Client(start_app())
        client.run("open('private-name.txt', 'w').close()\n'private' + ' words'")
        client.files()
        client.http.get(f"/conversations/{client.id}/files/private-name.txt")
    own = [record for record in caplog.records if record.name.startswith(("examples.", "uvicorn"))]
    text = "\n".join(record.getMessage() for record in own)
    assert "GET /chat 200" in text and "GET /conversations/{conversation_id}/files/{name:path} 200" in text
    for secret in (client.id, connector.key, "private-name", "private words"):
        assert secret not in text


@pytest.mark.parametrize("conversation_id", ["unknown", "0" * 32, "../../health"])
def test_ids_of_callers_are_not_accepted(start_app, conversation_id):
    """An ID that the app has not created is a 404 everywhere, and creates nothing."""
    client = Client(start_app())
    client.id = conversation_id
    assert client.response_to("Hello", status=404)["error"]["code"] == "ConversationNotFound"
    body = {"message": "Hello", "conversation_id": conversation_id}
    assert client.http.post("/chat", json=body).status_code == 404
    if "/" not in conversation_id:
        assert client.upload("a.txt", b"a").status_code == 404
        assert client.http.get(f"/conversations/{conversation_id}/files").status_code == 404
        assert client.http.get(f"/conversations/{conversation_id}/files/a.txt").status_code == 404
        assert client.http.delete(f"/conversations/{conversation_id}").status_code == 404
    assert client.http.get("/health").json()["conversations"] == 0


def test_own_pages_and_names_are_allowed(start_app):
    """The page /docs, the names of this machine and those in ALLOWED_HOSTS, with any port and in any case."""
    address = start_app(allowed_hosts=("app.example",))
    http = Client(address).http
    for headers in (
        {"Sec-Fetch-Site": "same-origin", "Origin": address},
        {"Sec-Fetch-Site": "none"},
        {"Origin": address},
        {"Host": "localhost:8000"},
        {"Host": "[::1]"},
        {"Host": "192.168.1.5:80"},
        {"Host": "APP.example:443", "Origin": "https://app.example:443"},
    ):
        assert http.post("/conversations", headers=headers).status_code == 201, headers
    for host in ("evil.app.example", "app.example.", "localhost.evil.example", "127.0.0.1.evil.example", "[", ""):
        assert http.get("/docs", headers={"Host": host}).status_code == 403, host
    assert Client(start_app(allowed_hosts=("*",))).http.get("/health", headers={"Host": "x"}).status_code == 200
