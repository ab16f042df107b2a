"""The pool's own MCP server: its environments are sessions of the pool."""

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import requests

from tests.conftest import Emulator, emulated_pool
from tests.emulator.session_pool.conftest import BEGUN, Wire, wait_until

RUN_PYTHON, RUN_SHELL = "runPythonCodeInRemoteEnvironment", "runShellCommandInRemoteEnvironment"


@dataclass(frozen=True)
class Mcp:
    """Calls to a pool's MCP server."""

    server: Emulator

    def post(self, message: Any, **headers: str) -> requests.Response:
        assert self.server.pool.mcp is not None
        headers = {"Content-Type": "application/json", "x-ms-apikey": self.server.pool.mcp.key, **headers}
        data = message if isinstance(message, bytes) else json.dumps(message)
        return requests.post(self.server.pool.mcp_endpoint, data=data, headers=headers, timeout=60)

    def call(self, tool: str, **arguments: Any) -> dict[str, Any]:
        """The response, with `result` or `error`."""
        params = {"name": tool, "arguments": arguments}
        response = self.post({"jsonrpc": "2.0", "id": 7, "method": "tools/call", "params": params})
        assert response.status_code == 200, response.text
        body: dict[str, Any] = response.json()
        assert body["id"] == 7
        return body

    def launch(self) -> str:
        environment: str = self.call("launchShell")["result"]["structuredContent"]["environmentId"]
        return environment

    def run(self, environment: str, code: str) -> dict[str, Any]:
        """The structured content of the result."""
        return self._content(RUN_PYTHON, environmentId=environment, pythonCode=code)

    def command(self, environment: str, line: str) -> dict[str, Any]:
        return self._content(RUN_SHELL, environmentId=environment, shellCommand=line)

    def _content(self, tool: str, **arguments: Any) -> dict[str, Any]:
        content: dict[str, Any] = self.call(tool, **arguments)["result"]["structuredContent"]
        return content

    def wire(self, identifier: str) -> Wire:
        return Wire(self.server.pool.endpoint, self.server.authority.issue()[0], identifier)


@pytest.fixture(scope="module")
def mcp() -> Iterator[Mcp]:
    with emulated_pool(mcp=True) as server:
        yield Mcp(server)


@pytest.fixture
def start_mcp(start_pool) -> Callable[..., Mcp]:
    """Starts a pool with other options."""
    return lambda **options: Mcp(start_pool(mcp=True, **options))


def is_gone(answer: dict[str, Any]) -> bool:
    return answer.get("error", {}).get("code") == -32602 and "was not found" in answer["error"]["message"]


def test_a_pool_has_none_unless_it_is_turned_on(emulator, wire):
    """The route is then like any other that the pool does not have."""
    message = {"jsonrpc": "2.0", "id": 1, "method": "initialize"}
    for key in ("", "any"):
        headers = {"x-ms-apikey": key}
        assert requests.post(emulator.pool.mcp_endpoint, json=message, headers=headers, timeout=10).status_code == 401
    assert wire.call("POST", "mcp", json=message).json()["error"]["code"] == "SessionRequestNotSupported"


def test_a_session_begins_at_the_first_use(mcp):
    """launchShell creates none; the environment's ID is then the session's identifier, for all routes of the pool."""
    environment = mcp.launch()
    wire = mcp.wire(environment)
    assert wire.call("GET", "session").status_code == 404
    assert (
        mcp.run(environment, "x = 41; open('/mnt/data/note.txt', 'w').write('kept'); print('set')")["stdout"] == "set\n"
    )
    assert wire.call("GET", "session").json()["identifier"] == environment
    assert wire.value("x + 1") == 42
    assert wire.call("GET", "files/note.txt/content").text == "kept"
    wire.run("x = 'of the other route'")
    assert mcp.run(environment, "x")["executionResult"] == "of the other route"


def test_environments_are_separate(mcp):
    """Neither variables nor files are shared."""
    one, two = mcp.launch(), mcp.launch()
    mcp.run(one, "x = 1; open('/mnt/data/one.txt', 'w').close()")
    assert "NameError" in mcp.run(two, "x")["stderr"]
    assert mcp.command(two, "ls")["stdout"] == ""


def test_the_end_of_the_session_is_the_end_of_the_environment(mcp):
    """Its ID then creates no session, as an identifier on other routes would."""
    environment = mcp.launch()
    mcp.run(environment, "1")
    wire = mcp.wire(environment)
    assert wire.call("DELETE", "session").status_code == 204
    assert is_gone(mcp.call(RUN_PYTHON, environmentId=environment, pythonCode="1"))
    assert is_gone(mcp.call(RUN_SHELL, environmentId=environment, shellCommand="true"))
    assert wire.call("GET", "session").status_code == 404


def test_environments_expire(start_mcp):
    """After the cooldown: those that have been used, and those that have not."""
    mcp = start_mcp(cooldown=1, container_type="Shell")
    used, unused = mcp.launch(), mcp.launch()
    assert mcp.command(used, "echo here")["stdout"] == "here\n"
    for environment in (used, unused):
        wire = mcp.wire(environment)
        wait_until(lambda wire=wire: wire.call("GET", "session").status_code == 404)
    wait_until(lambda: is_gone(mcp.call(RUN_SHELL, environmentId=used, shellCommand="true")))
    launched = mcp.launch()
    wait_until(lambda: is_gone(mcp.call(RUN_SHELL, environmentId=unused, shellCommand="true")))
    assert mcp.command(launched, "echo new")["stdout"] == "new\n"


def test_a_first_use_that_gets_no_session_can_be_repeated(start_mcp):
    """A full pool is an error of JSON-RPC with the pool's own code and message; the environment still waits."""
    mcp = start_mcp(max_sessions=1, container_type="Shell")
    first, second = mcp.launch(), mcp.launch()
    mcp.command(first, "true")
    error = mcp.call(RUN_SHELL, environmentId=second, shellCommand="true")["error"]
    assert (error["code"], error["data"]) == (-32000, {"code": "SessionsCountExceedsLimit"})
    assert "maximum active sessions count is '1'" in error["message"]
    mcp.wire(first).call("DELETE", "session")
    assert mcp.command(second, "echo now")["stdout"] == "now\n"


def test_concurrent_first_uses_have_one_session(mcp):
    """None of them is told that the environment does not exist."""
    environment = mcp.launch()
    contents: list[dict[str, Any]] = []
    uses = [
        threading.Thread(
            target=lambda name=name: contents.append(mcp.command(environment, f"touch {name}; echo {name}"))
        )
        for name in "abcdef"
    ]
    for use in uses:
        use.start()
    for use in uses:
        use.join()
    assert sorted(content["stdout"] for content in contents) == [f"{name}\n" for name in "abcdef"]
    assert mcp.command(environment, "ls | wc -l")["stdout"].strip() == "6"


@pytest.mark.parametrize("portable", [False, True])
def test_commands_in_a_pool_for_python(start_mcp, portable):
    """They run in the data folder, without the code's variables; the exit code is the status."""
    mcp = start_mcp(portable=portable, **({} if portable else {"ready": 0}))
    environment = mcp.launch()
    mcp.run(environment, "before = set(dir())")
    ran = mcp.command(environment, "echo out; echo err >&2; echo text > made.txt; exit 7")
    assert (ran["status"], ran["stdout"], ran["stderr"]) == ("7", "out\n", "err\n")
    assert mcp.run(environment, "open('/mnt/data/made.txt').read()")["executionResult"] == "text\n"
    added = "str(sorted(name for name in set(dir()) - before if not name.startswith('_')))"
    assert mcp.run(environment, added)["executionResult"] == "['before']"
    assert mcp.command(environment, "kill -9 $$")["status"] == "137"
    assert mcp.command(environment, "read line || echo nothing to read")["stdout"] == "nothing to read\n"
    missing = mcp._content(RUN_SHELL, environmentId=environment, execCommandAndArgs=["not-there"])
    assert (missing["status"], missing["stderr"]) == ("127", "not-there: No such file or directory\n")


def test_a_command_does_not_wait_for_code(mcp):
    """In a pool for Python too: it can look at what code that still runs has written."""
    environment = mcp.launch()
    mcp.run(environment, "1")
    run = threading.Thread(
        target=mcp.run,
        args=(environment, f"import time, os; {BEGUN}\nwhile not os.path.exists('/mnt/data/go'): time.sleep(.01)"),
    )
    run.start()
    mcp.wire(environment).wait_for_file("begun")
    assert mcp.command(environment, "ls; touch go")["stdout"] == "begun\n"
    run.join(timeout=30)
    assert not run.is_alive()


def test_the_time_limit_of_the_pool(start_mcp):
    """What runs longer fails as on the pool's other routes; variables and files are kept."""
    mcp = start_mcp(longest_run_seconds=1)
    environment = mcp.launch()
    mcp.run(environment, "x = 1")
    answer = mcp.call(RUN_PYTHON, environmentId=environment, pythonCode="import time; time.sleep(60)")["result"]
    assert answer["isError"] is True
    content = answer["structuredContent"]
    assert (content["status"], content["executionTimeInMilliseconds"]) == ("Failed", 1000)
    assert content["stderr"] == "Request timed out waiting for code execution to complete"
    answer = mcp.call(RUN_SHELL, environmentId=environment, shellCommand="sleep 60 & echo $!; wait")["result"]
    content = answer["structuredContent"]
    assert (answer["isError"], content["status"]) == (True, "-1")
    assert "timed out" in content["stderr"]
    child = content["stdout"].strip()
    assert mcp.command(environment, f"kill -0 {child} 2>/dev/null || echo gone")["stdout"] == "gone\n"
    assert mcp.run(environment, "x")["executionResult"] == 1


def test_what_is_long_is_truncated(mcp):
    """Streams and values at 4,096 characters; an image is left out."""
    environment = mcp.launch()
    content = mcp.run(environment, "print('o' * 5000)\n'v' * 100_000")
    assert (content["stdout"], content["executionResult"]) == ("o" * 4096, "v" * 4096)
    assert len(mcp.command(environment, "yes | head -c 9000")["stdout"]) == 4096


def test_a_result_is_also_text(mcp):
    """The text is the JSON of the structured content."""
    result = mcp.call(RUN_PYTHON, environmentId=mcp.launch(), pythonCode="print('Größe 数')")["result"]
    assert [block["type"] for block in result["content"]] == ["text"]
    assert json.loads(result["content"][0]["text"]) == result["structuredContent"]
    assert "Größe 数" in result["content"][0]["text"]


@pytest.mark.parametrize(
    ("tool", "arguments"),
    [
        (RUN_PYTHON, {}),
        (RUN_PYTHON, {"pythonCode": 1}),
        (RUN_SHELL, {}),
        (RUN_SHELL, {"shellCommand": "true", "execCommandAndArgs": ["true"]}),
        (RUN_SHELL, {"shellCommand": 1}),
        (RUN_SHELL, {"execCommandAndArgs": []}),
        (RUN_SHELL, {"execCommandAndArgs": ["a\0b"]}),
        ("launch", {}),
        (1, {}),
        (None, {}),
        ([], {}),
    ],
)
def test_arguments_that_are_wrong(mcp, tool, arguments):
    """An error of JSON-RPC, and nothing runs."""
    environment = mcp.launch()
    assert mcp.call(tool, environmentId=environment, **arguments)["error"]["code"] == -32602
    assert mcp.wire(environment).call("GET", "session").status_code == 404


@pytest.mark.parametrize("environment", [None, 1, "", [], {}, "x" * 5000, "a/../b", "é", "\ud800"])
def test_environments_of_odd_types(mcp, environment):
    """An error of JSON-RPC."""
    assert mcp.call(RUN_PYTHON, environmentId=environment, pythonCode="1")["error"]["code"] == -32602


@pytest.mark.parametrize(
    ("message", "status"),
    [
        (b"", 400),
        (b"\xff", 400),
        (b"[" * 100_000, 400),
        ([], 400),
        ([{"jsonrpc": "2.0", "id": 1, "method": "tools/list"}], 400),
        ("text", 400),
        ({}, 400),
        ({"jsonrpc": "1.0", "id": 1, "method": "tools/list"}, 400),
        ({"jsonrpc": "2.0", "id": 1, "method": 1}, 400),
        ({"jsonrpc": "2.0", "id": None, "method": "tools/list"}, 400),
        ({"jsonrpc": "2.0", "id": True, "method": "tools/list"}, 400),
        ({"jsonrpc": "2.0", "id": [], "method": "tools/list"}, 400),
        (b'{"jsonrpc": "2.0", "id": NaN, "method": "tools/list"}', 400),
        (b'{"jsonrpc": "2.0", "id": 1e999, "method": "tools/list"}', 400),
        ({"jsonrpc": "2.0", "id": 1, "result": {}}, 400),
        ({"jsonrpc": "2.0", "id": 1.5, "method": "tools/list", "params": None}, 200),
        ({"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": []}, 200),
        ({"jsonrpc": "2.0", "id": 1, "method": "tools/call"}, 200),
        ({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": RUN_PYTHON, "arguments": 1}}, 200),
        ({"jsonrpc": "2.0", "method": "tools/call", "params": {"name": "launchShell"}}, 202),
        ({"jsonrpc": "2.0", "method": "no/such"}, 202),
        (b" " * (9 << 20), 413),
    ],
)
def test_odd_messages(mcp, message, status):
    """Each has its status, and the server does not fail."""
    assert mcp.post(message).status_code == status


def test_only_post_is_served(mcp):
    """405 with the key, 401 without it, for GET and DELETE."""
    headers = {"x-ms-apikey": mcp.server.pool.mcp.key}
    for method in ("GET", "DELETE"):
        response = requests.request(method, mcp.server.pool.mcp_endpoint, headers=headers, timeout=10)
        assert (response.status_code, response.headers["allow"]) == (405, "POST")
        assert requests.request(method, mcp.server.pool.mcp_endpoint, timeout=10).status_code == 401


def test_the_key_opens_no_other_route(mcp):
    """And each pool has its own."""
    key = mcp.server.pool.mcp.key
    query = "identifier=abcd&api-version=2025-10-02-preview"
    for headers in ({"x-ms-apikey": key}, {"Authorization": f"Bearer {key}"}):
        url = f"{mcp.server.pool.endpoint}/metadata?{query}"
        assert requests.get(url, headers=headers, timeout=10).status_code == 401
    with emulated_pool(mcp=True, container_type="Shell", ready=0) as other:
        assert other.pool.mcp is not None and other.pool.mcp.key != key


def test_faults(start_mcp):
    """They apply to the path `mcp`, and `expireSession` to the environment that the message names."""
    mcp = start_mcp(container_type="Shell")
    environment = mcp.launch()
    mcp.command(environment, "true")

    def ask(do: str, **members: Any) -> None:
        fault = {"do": do, "path": "mcp", **members}
        assert requests.post(f"{mcp.server.pool.url}/faults", json=fault, timeout=10).status_code == 200

    ask("answer", status=429, retryAfter=2)
    message = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
    refused = mcp.post(message)
    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "2")
    ask("dropAfter")
    with pytest.raises(requests.ConnectionError):
        mcp.command(environment, "echo done > done.txt")
    assert mcp.command(environment, "cat done.txt")["stdout"] == "done\n"
    ask("loseLastLine")
    assert mcp.command(environment, "echo a; echo b")["stdout"] == "a\n"
    ask("expireSession")
    assert is_gone(mcp.call(RUN_SHELL, environmentId=environment, shellCommand="true"))
    assert mcp.wire(environment).call("GET", "session").status_code == 404
