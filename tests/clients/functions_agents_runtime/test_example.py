"""azurefunctions-agents-runtime: the agents of examples/agents/functions_agents_runtime.

Everything is the package's own, from the loading of the files to the endpoints for chat, except the model, which has a
script, and the Functions host: here, Starlette serves the functions with HTTP triggers, as the host and its extension
for FastAPI would. Functions of other triggers, sign-in and the storage of conversations in blobs are not run.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from azure_functions_agents import create_function_app, shutdown_runtime
from azure_functions_agents.system_tools import _sandbox_endpoint
from mcp_conversation import ANSWERS, ASKED, PNG, SALES, address_in, check_output, run, session_id_in
from programs import ROOT
from scripted_model import Call, Script, ScriptedModel
from starlette.applications import Starlette
from starlette.routing import Route
from starlette.testclient import TestClient

EXAMPLE = ROOT / "examples" / "agents" / "functions_agents_runtime"

Chat = Callable[..., dict[str, Any]]


@pytest.fixture(scope="module")
def app(connector: Any, pool: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """Serves the example, with the settings that it names. Its connections belong to one event loop."""
    settings = {
        "CONNECTOR_URL": connector.url,
        "CONNECTOR_KEY": connector.key,
        "ACA_SESSION_POOL_ENDPOINT": pool.endpoint,
        "AZURE_FUNCTIONS_AGENTS_SESSION_DIR": str(tmp_path_factory.mktemp("conversations")),
        "AZURE_FUNCTIONS_AGENTS_PROVIDER": "openai",
        "OPENAI_API_KEY": "key-of-the-model",
        "AZURE_TOKEN_CREDENTIALS": "ManagedIdentityCredential",
        **pool.identity,
    }
    with pytest.MonkeyPatch.context() as patch:
        for name, value in settings.items():
            patch.setenv(name, value)
        with TestClient(Starlette(routes=list(_routes(create_function_app(EXAMPLE))))) as client:
            yield client
            assert client.portal is not None
            client.portal.call(shutdown_runtime)


def _routes(app: Any) -> Iterator[Route]:
    for function in app.get_functions():
        for binding in function.get_bindings():
            if binding.type == "httpTrigger":
                members = binding.get_dict_repr()
                methods = [method.value for method in members["methods"]]
                yield Route(f"/{members['route']}", function.get_user_function(), methods=methods)


@pytest.fixture
def chat_with(app: TestClient, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Returns a context manager: a model with a script, and a function that sends it prompts in one conversation."""

    @contextmanager
    def start(agent: str, script: Script) -> Iterator[Chat]:
        headers = {}

        def chat(prompt: str) -> dict[str, Any]:
            response = app.post(f"/agents/{agent}/chat", json={"prompt": prompt}, headers=headers)
            assert response.status_code == 200, response.text
            headers["x-ms-session-id"] = response.headers["x-ms-session-id"]
            answer: dict[str, Any] = response.json()
            return answer

        with ScriptedModel(script) as model:
            monkeypatch.setenv("OPENAI_BASE_URL", model.url)
            yield chat

    return start


@pytest.fixture
def any_pool_is_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The package accepts https addresses below .dynamicsessions.io only, and so not that of the emulator."""
    monkeypatch.setattr(_sandbox_endpoint, "is_allowed_sessions_endpoint", lambda endpoint: True)


def test_the_agent_with_the_connectors_mcp_server(chat_with):
    """It uploads a file, corrects a mistake, draws a chart and shares it; the conversation has one session.

    The package hides from the model what a tool that failed has said, and has no setting for that: the agent's
    instructions name a way around it.
    """
    with chat_with("analyst", conversation()) as chat:
        answers = [chat(prompt)["response"] for prompt in ASKED]
    check_output("\n".join(answers))


def conversation() -> Script:
    given = yield
    assert given.text == ASKED[0].strip()
    (server,) = json.loads((EXAMPLE / "mcp.json").read_text())["servers"].values()
    assert sorted(given.tools) == sorted(server["tools"])

    given = yield Call("UploadFile", {"fileName": "sales.csv", "content": SALES})
    session_id = session_id_in(given.text)
    sums = "pd.read_csv('/mnt/data/sales.csv').groupby({!r})['amount'].sum()"
    given = yield run(f"import pandas as pd\n{sums.format('Region')}", session_id)
    assert given.text == "Error: Function failed."
    given = yield run(
        f"try:\n    {sums.format('Region')}\nexcept Exception as error:\n    print(repr(error))", session_id
    )
    assert "KeyError('Region')" in given.text
    given = yield run(f"totals = {sums.format('region')}\ntotals.to_dict()", session_id)
    assert "{'North': 50, 'South': 17}" in given.text
    given = yield ANSWERS[0]

    given = yield run("totals.plot.bar().figure.savefig('/mnt/data/chart.png')", session_id)
    assert "chart.png" in given.text
    assert [image[:8] for image in given.images] == [PNG]
    yield ANSWERS[1]

    given = yield Call("ShareFile", {"sessionId": session_id, "fileName": "chart.png"})
    yield address_in(given.text)


def test_the_agent_with_the_packages_own_code_interpreter(chat_with, any_pool_is_allowed, pool):
    """It calls the pool with a token of the app's identity; a conversation is a session, which keeps its variables."""

    def script() -> Script:
        given = yield
        assert list(given.tools) == ["fhs_execute_python"]
        given = yield compute("```python\nimport pandas as pd\nx = 6\nprint(pd.Series([x]).sum())\nx * 7\n```")
        assert json.loads(given.text) == {"result": 42, "stdout": "6\n", "stderr": ""}
        given = yield compute("y")
        assert "NameError" in json.loads(given.text)["stderr"]
        yield "42"
        given = yield compute("x")
        assert json.loads(given.text)["result"] == 6
        given = yield compute("import asyncio; await asyncio.sleep(0); callable(launch_browser)")
        assert json.loads(given.text)["result"] is True
        yield "6"

    with chat_with("calculator", script()) as chat:
        first, second = chat("What is 6 * 7?"), chat("And x?")
    assert (first["response"], second["response"]) == ("42", "6")
    assert first["session_id"] == second["session_id"]
    assert pool.has_session(first["session_id"])


def test_conversations_have_separate_sessions(chat_with, any_pool_is_allowed):
    """What one conversation has set is not defined in another."""

    def script(code: str, seen: list[Any]) -> Script:
        yield
        given = yield compute(code)
        seen.append(json.loads(given.text))
        yield "done"

    seen: list[Any] = []
    for code in ("secret = 1", "secret"):
        with chat_with("calculator", script(code, seen)) as chat:
            chat("Compute.")
    assert seen[0]["stderr"] == ""
    assert "NameError" in seen[1]["stderr"]


def test_the_package_refuses_a_pool_that_is_not_azures(chat_with):
    """So the emulator's address needs the patch of this test, and an agent without it has no such tool."""

    def script() -> Script:
        given = yield
        assert given.tools == {}
        yield "I cannot run code."

    with chat_with("calculator", script()) as chat:
        assert chat("What is 6 * 7?")["response"] == "I cannot run code."


def compute(code: str) -> Call:
    return Call("fhs_execute_python", {"code": code})
