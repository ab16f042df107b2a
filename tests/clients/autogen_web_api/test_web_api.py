"""The web API over HTTP, with the connector and scripted models."""

import concurrent.futures
import logging
import re
import socket
import threading
import time
from urllib.parse import urlencode

import httpx
import pytest

from examples.autogen_web_api.app import create_app
from examples.autogen_web_api.settings import OpenAI, Settings

from .openai_endpoint import OpenAIEndpoint
from .replies import calls, replay
from .servers import serving

_SALES = b"region,amount\nNorth,120\nSouth,80\nNorth,200\n"
_UNTIL_GO = """```python
import pathlib, time
open("started", "w").close()
deadline = time.monotonic() + 60
stopped = False
try:
    while not pathlib.Path("go").exists() and time.monotonic() < deadline:
        time.sleep(0.02)
except KeyboardInterrupt:
    stopped = True
    raise
```"""


class Client:
    """A caller in one conversation of the app. It begins with the first message or upload."""

    def __init__(self, address):
        self.http = httpx.Client(base_url=address, timeout=60, trust_env=False)
        self.id = None

    def ask(self, message):
        """The answer's JSON. The conversation goes on."""
        answer = self.error_of(message, status=200)
        self.id = answer["conversation_id"]
        return answer

    def run(self, code):
        """What the scripted model has read of the run."""
        return self.ask(f"```python\n{code}\n```")["runs"][-1]["output"]

    def error_of(self, message, status):
        """The JSON of a response with this status."""
        query = {"message": message, **({"conversation_id": self.id} if self.id else {})}
        response = self.http.get("/chat", params=query)
        assert response.status_code == status, response.text
        return response.json()

    def begin(self):
        """Create the conversation."""
        self.id = self.http.post("/conversations").json()["conversation_id"]
        return self

    def upload(self, name, content):
        return self.http.post(f"/conversations/{self.id}/files", files={"file": (name, content)})

    def files(self):
        response = self.http.get(f"/conversations/{self.id}/files")
        assert response.status_code == 200, response.text
        return [file["name"] for file in response.json()["files"]]

    def until_started(self):
        """Wait until the code of _UNTIL_GO runs."""
        while "started" not in self.files():
            time.sleep(0.05)


@pytest.fixture
def in_background():
    """Returns a function that calls a function in a thread, and returns its future."""
    with concurrent.futures.ThreadPoolExecutor(max_workers=16) as threads:
        yield threads.submit


def test_conversation_of_five_turns(start_app):
    """The agent analyzes an uploaded file, draws a chart, corrects its mistake, and remembers; all in one session."""
    model = replay(
        calls("import pandas as pd\nsales = pd.read_csv('sales.csv')\nlen(sales)"),
        "There are 3 sales.",
        calls("sales.groupby('Region')['amount'].sum()"),
        calls("totals = sales.groupby('region')['amount'].sum()\ntotals"),
        "North has 320.",
        calls("import matplotlib.pyplot as plt\ntotals.plot.bar(title='Sales')\nplt.show()"),
        "Here is the chart.",
        calls("totals.to_csv('totals.csv')"),
        "The totals are in totals.csv.",
        "You are welcome.",
    )
    client = Client(start_app(model)).begin()
    (uploaded,) = client.upload("sales.csv", _SALES).json()["files"]
    assert (uploaded["name"], uploaded["size"]) == ("sales.csv", len(_SALES))

    first = client.ask("How many sales are there?")
    assert (first["answer"], first["runs"][0]["output"]) == ("There are 3 sales.", "3")
    assert "uploaded the file sales.csv (43 bytes)" in model.create_calls[0]["messages"][-1].content

    second = client.ask("How much for each region?")
    mistake, corrected = second["runs"]
    assert not mistake["succeeded"] and "Hint: Did you mean 'region'?" in mistake["output"]
    assert corrected["succeeded"] and re.search(r"North +320", corrected["output"])
    assert "Did you mean" in model.create_calls[3]["messages"][-1].content[0].content

    third = client.ask("As a chart, please.")
    (image,) = third["images"]
    chart = client.http.get(image["url"])
    assert chart.content.startswith(b"\x89PNG") and chart.headers["Content-Type"] == "image/png"
    assert chart.headers["Content-Disposition"].startswith("inline")

    (file,) = client.ask("Save the totals.")["files"]
    saved = client.http.get(file["url"])
    assert saved.text == "region,amount\nNorth,320\nSouth,80\n"
    assert saved.headers["Content-Disposition"].startswith("attachment")
    assert client.files() == ["sales.csv", "totals.csv"]

    fifth = client.ask("Thanks!")
    assert (fifth["answer"], fifth["runs"], fifth["images"], fifth["files"]) == ("You are welcome.", [], [], [])
    assert len(model.create_calls[-1]["messages"]) == 20  # instructions, and everything since


def test_long_messages_are_posted(start_app):
    """POST takes a message and the conversation as JSON."""
    client = Client(start_app())
    body = {"message": f"```python\nlen({'x' * 15_000!r})\n```"}
    first = client.http.post("/chat", json=body).json()
    assert first["runs"][0]["output"] == "15000"
    again = client.http.post("/chat", json={**body, "conversation_id": first["conversation_id"]})
    assert again.json()["conversation_id"] == first["conversation_id"]


def test_conversations_at_once_cannot_see_each_other(start_app, in_background):
    """Two conversations that run at the same time have their own variables, files and memory."""
    address = start_app()

    def work(number):
        client = Client(address)
        client.run(f"import time\nsecret = {number}\nopen('mine{number}.txt', 'w').close()\ntime.sleep(0.5)")
        return (
            client,
            client.run("secret"),
            client.files(),
            client.run("sorted(name for name in globals() if 'secret' in name)"),
        )

    (one, *seen_by_one), (two, *seen_by_two) = [job.result() for job in [in_background(work, n) for n in (1, 2)]]
    assert seen_by_one == ["1", ["mine1.txt"], "['secret']"]
    assert seen_by_two == ["2", ["mine2.txt"], "['secret']"]
    assert one.id != two.id
    response = one.http.get(f"/conversations/{one.id}/files/mine2.txt")
    assert (response.status_code, response.json()["error"]["code"]) == (404, "FileNotFound")


@pytest.mark.parametrize("conversation_id", ["unknown", "0" * 32, "../../health"])
def test_ids_of_callers_are_not_accepted(start_app, conversation_id):
    """An ID that the app has not created is a 404 everywhere, and creates nothing."""
    client = Client(start_app())
    client.id = conversation_id
    assert client.error_of("Hello", status=404)["error"]["code"] == "ConversationNotFound"
    body = {"message": "Hello", "conversation_id": conversation_id}
    assert client.http.post("/chat", json=body).status_code == 404
    if "/" not in conversation_id:
        assert client.upload("a.txt", b"a").status_code == 404
        assert client.http.get(f"/conversations/{conversation_id}/files").status_code == 404
        assert client.http.get(f"/conversations/{conversation_id}/files/a.txt").status_code == 404
        assert client.http.delete(f"/conversations/{conversation_id}").status_code == 404
    assert client.http.get("/health").json()["conversations"] == 0


def test_client_that_disconnects_cancels_its_run(start_app):
    """The run is interrupted, the conversation goes on with its variables, and the model knows of the interruption."""
    client = Client(start_app())
    client.run("before = 41")
    address = client.http.base_url
    with socket.create_connection((address.host, address.port)) as impatient:
        query = urlencode({"message": _UNTIL_GO, "conversation_id": client.id})
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
    error = client.error_of("Sleep.", status=504)["error"]
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
    answer = in_background(client.ask, _UNTIL_GO)
    client.until_started()
    connector_alone.kill()
    connector_alone.start()
    assert client.upload("go", b"").status_code == 200
    assert answer.result(timeout=60)["runs"][0]["succeeded"]
    connector_alone.kill()
    connector_alone.start()
    assert client.run("before + 1") == "42"


def test_health_is_answered_while_code_runs(start_app, in_background):
    """While runs are in progress, the app answers other requests in less than 0.2 s."""
    client = Client(start_app())
    client.http.get("/health")
    running = in_background(Client(client.http.base_url).run, "import time\ntime.sleep(2)\n6 * 7")
    longest = 0.0
    while not running.done():
        begin = time.monotonic()
        assert client.http.get("/health").status_code == 200
        longest = max(longest, time.monotonic() - begin)
        time.sleep(0.02)
    assert running.result() == "42"
    assert longest < 0.2


def test_messages_of_one_conversation_are_answered_in_order(start_app, in_background):
    """Two messages at once are answered one after the other."""
    client = Client(start_app()).begin()
    first = in_background(client.ask, _UNTIL_GO)
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
    first = in_background(client.ask, _UNTIL_GO)
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
    waiting = in_background(client.error_of, _UNTIL_GO, 404)
    client.until_started()
    assert Client(address).error_of("```python\n1\n```", status=503)["error"]["code"] == "ConnectorUnavailable"
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
    assert client.error_of("Hello", status=404)["error"]["code"] == "ConversationNotFound"
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
    assert Client(address).error_of("Hi", status=429)["error"]["code"] == "TooManyConversations"
    first.http.delete(f"/conversations/{first.id}")
    Client(address).ask("Hi")


def test_failed_first_message_leaves_no_conversation(start_app):
    """A conversation whose ID nobody knows is ended at once."""
    client = Client(start_app(connector_key="wrong"))
    client.error_of("What time is it right now?", status=502)
    assert client.http.get("/health").json()["conversations"] == 0


def test_wrong_key_of_the_connector_is_an_error(start_app):
    """The error names the settings; the model is not asked to correct it."""
    model = replay(calls("1"), "The tool did not work.")
    client = Client(start_app(model, connector_key="wrong")).begin()
    error = client.error_of("Compute 1.", status=502)["error"]
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
        (http.delete(files[:-6], headers={"Sec-Fetch-Site": "cross-site"}), 403, "CrossSite"),
        (client.upload("a\\b.txt", b"x"), 502, "ConnectorFailed"),
        (http.get(f"{files}/nothing.txt"), 404, "FileNotFound"),
        (http.get(f"{files}/../../etc/passwd"), 404, "NotFound"),
        (http.get("/nothing"), 404, "NotFound"),
        (http.put("/chat"), 405, "MethodNotAllowed"),
    ]
    for response, status, code in expected:
        error = response.json()["error"]
        assert (response.status_code, error["code"]) == (status, code), response.text
        assert error["message"].endswith(".") and "Traceback" not in error["message"]


def test_tries_are_limited(start_app):
    """A model that does not correct its code has to answer with text after some runs."""
    model = replay(*[calls("1 / 0")] * 3, "It does not work.")
    answer = Client(start_app(model, most_runs=3)).ask("Divide.")
    assert answer["answer"] == "It does not work." and len(answer["runs"]) == 3
    assert not any(run["succeeded"] for run in answer["runs"])


def test_several_calls_at_once_run_in_order(start_app):
    """A model that calls the tool several times in one step gets the results of all, in order."""
    model = replay(calls("x = 6", "x *= 7", "x"), "It is 42.")
    answer = Client(start_app(model)).ask("Compute.")
    assert [run["output"] for run in answer["runs"]] == ["", "", "42"]


def test_compatible_endpoint_is_called(start_app):
    """A model behind OPENAI_BASE_URL gets the tool, the conversation and the results of runs."""
    endpoint = OpenAIEndpoint({"code": "6 * 7"}, "It is 42.")
    with endpoint.running() as url:
        client = Client(start_app(model=OpenAI("some-model", "the key", url)))
        answer = client.ask("What is 6 times 7?")
        assert (answer["answer"], answer["model"]) == ("It is 42.", {"name": "some-model"})
    (first, second) = endpoint.requests
    assert [tool["function"]["name"] for tool in first["tools"]] == ["CodeExecutor"]
    assert [message["role"] for message in second["messages"]] == ["system", "user", "assistant", "tool"]
    assert second["messages"][-1]["content"] == "42"
    assert endpoint.keys == ["Bearer the key"] * 2


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
        error = client.error_of("Something.", status=502)["error"]
        assert error["code"] == "ModelFailed" and remedy in error["message"] and "secret" not in error["message"]
        assert client.ask("Are you there?")["answer"] == "Here I am."


def test_scripted_model_is_announced(start_app, caplog):
    """Without a model, the log, health and each answer state that a script answers; with one, none does."""
    caplog.set_level(logging.WARNING)
    client = Client(start_app())
    for named in (client.http.get("/health").json(), client.ask("What time is it right now?")):
        assert "No model is set" in caplog.text
        assert named["model"]["name"] == "scripted" and "OPENAI_API_KEY" in named["model"]["notice"]
    with_model = Client(start_app(replay("Hello."))).ask("Hi.")
    assert with_model["model"] == {"name": "replay"}


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("What time is it right now?", r"\d\d:\d\d on \w+day, "),
        ("How fast is a plane?", "350.0 miles per hour"),
        ("Which sales by region?", r"North +320"),
        ("Draw a chart.", "Sales by region"),
        ("Which files are there?", r"\[\]"),
    ],
)
def test_scripted_model_runs_real_code(start_app, message, expected):
    """Each message that the script knows is answered with the output of code that has run."""
    answer = Client(start_app()).ask(message)
    assert re.search(expected, answer["answer"]) and answer["runs"][-1]["succeeded"]
    assert re.search(expected, answer["runs"][-1]["output"])


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


@pytest.mark.parametrize("name", ["two words.csv", "Übersicht 100% #1.csv", "a=b, (c;d) & 1 $@^.csv"])
def test_file_names_are_preserved(start_app, name):
    """Uploaded files keep their names, and can be downloaded from the address in the list."""
    client = Client(start_app()).begin()
    (file,) = client.upload(name, b"content").json()["files"]
    assert file["name"] == name and client.files() == [name]
    assert client.http.get(file["url"]).content == b"content"


def test_files_are_not_shown_as_pages(start_app):
    """HTML that code has written is downloaded, not opened as a page of the app."""
    client = Client(start_app())
    client.run("open('page.html', 'w').write('<script>1</script>')")
    headers = client.http.get(f"/conversations/{client.id}/files/page.html").headers
    assert headers["Content-Disposition"].startswith("attachment")
    assert (headers["X-Content-Type-Options"], headers["Cache-Control"]) == ("nosniff", "no-store")


def test_page_docs_shows_all_operations(start_app):
    """/ leads to /docs, and the document has every route with its errors."""
    client = Client(start_app())
    assert client.http.get("/", follow_redirects=True).url.path == "/docs"
    paths = client.http.get("/openapi.json").json()["paths"]
    operations = {(method.upper(), path) for path, methods in paths.items() for method in methods}
    one = "/conversations/{conversation_id}"
    assert operations == {
        ("GET", "/health"),
        ("GET", "/chat"),
        ("POST", "/chat"),
        ("POST", "/conversations"),
        ("DELETE", one),
        ("POST", f"{one}/files"),
        ("GET", f"{one}/files"),
        ("GET", f"{one}/files/{{name}}"),
    }
    assert all("default" in operation["responses"] for methods in paths.values() for operation in methods.values())


def test_threads_do_not_leak(start_app):
    """Answers leave no threads behind."""
    client = Client(start_app())
    client.run("1")
    before = threading.active_count()
    for _ in range(5):
        client.run("1")
    assert threading.active_count() <= before
