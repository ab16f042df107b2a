"""The web API over HTTP, with the connector and scripted models."""

import logging
import re
import threading
import time

import pytest

from examples.autogen_web_api.settings import AzureOpenAI, OpenAI

from .client import Client
from .openai_endpoint import OpenAIEndpoint
from .replies import calls, replay

_SALES = b"region,amount\nNorth,120\nSouth,80\nNorth,200\n"


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


def test_tries_are_limited(start_app):
    """A model that does not correct its code has to answer with text after some runs."""
    model = replay(*[calls("1 / 0")] * 3, "It does not work.")
    answer = Client(start_app(model, most_runs=3)).ask("Divide.")
    assert answer["answer"] == "It does not work." and len(answer["runs"]) == 3
    assert not any(run["succeeded"] for run in answer["runs"])


def test_runs_of_one_step_are_limited(start_app):
    """A model may call the tool any number of times in one step. Each call after the last run is told so."""
    model = replay(calls(*"123456"), "It is 2.", calls("7"), "It is 7.")
    client = Client(start_app(model, most_runs=2))
    assert [run["output"] for run in client.ask("Compute.")["runs"]] == ["1", "2"]
    assert str(model.create_calls[1]["messages"]).count("This block was not run") == 4
    assert [run["output"] for run in client.ask("Compute again.")["runs"]] == ["7"]


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


@pytest.mark.filterwarnings("ignore:Resolved model mismatch")
def test_azure_openai_is_called_with_a_token(start_app, pool, use_pool_identity):
    """A deployment of Azure OpenAI gets the token of the app's identity instead of a key."""
    use_pool_identity(pool)
    endpoint = OpenAIEndpoint({"code": "6 * 7"}, "It is 42.")
    with endpoint.running() as url:
        client = Client(start_app(model=AzureOpenAI(url.removesuffix("/v1"), "some-deployment")))
        answer = client.ask("What is 6 times 7?")
    assert (answer["answer"], answer["runs"][0]["output"]) == ("It is 42.", "42")
    assert all(key and key.startswith("Bearer ey") for key in endpoint.keys)


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
