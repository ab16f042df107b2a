"""`python -m emulator` as users run it: started, used, and ended by Ctrl-C."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests

from tests.emulator.session_pool.conftest import BEGUN, processes_below, wait_until

ROOT = Path(__file__).resolve().parents[2]


class Running:
    """A separate emulator, and the lines that it has printed until `ready`."""

    def __init__(self, *options: str, environment: dict[str, str] | None = None) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "emulator", "--port", "0", "--pool-port", "0", *options],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, **(environment or {})},
        )
        assert self.process.stdout is not None
        self.lines = []
        for line in self.process.stdout:
            self.lines.append(line.rstrip("\n"))
            if self.lines[-1] == "ready":
                break
        assert self.lines and self.lines[-1] == "ready", self.process.communicate()

    def reported(self, word: str) -> str:
        """The rest of the line that starts with a word."""
        (line,) = (line for line in self.lines if line.startswith(f"{word}  "))
        return line.removeprefix(word).strip()

    def descendants(self) -> set[int]:
        """All descendants of the emulator, including those that have called setsid."""
        return processes_below(self.process.pid)

    def end(self, number: int = signal.SIGINT) -> tuple[float, int, str]:
        """Sends the signal. Returns the seconds until the end, the exit code and standard error."""
        started = time.monotonic()
        self.process.send_signal(number)
        _, stderr = self.process.communicate(timeout=20)
        return time.monotonic() - started, self.process.returncode, stderr


@pytest.fixture
def start() -> Iterator[Callable[..., Running]]:
    running: list[Running] = []

    def begin(*options: str, **keywords: dict[str, str]) -> Running:
        running.append(Running(*options, **keywords))
        return running[-1]

    yield begin
    for emulator in running:
        if emulator.process.poll() is None:
            emulator.process.kill()
        emulator.process.communicate()


def execute(api: str, code: str, **request: object) -> requests.Response:
    return requests.post(f"{api}/executions", json={"pythonCode": code}, timeout=30, **request)  # type: ignore[arg-type]


def alive(pids: set[int]) -> set[int]:
    """Those of the processes that have not ended; a zombie has."""
    found = set()
    for pid in pids:
        try:
            if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z":
                found.add(pid)
        except FileNotFoundError:
            pass
    return found


def test_it_prints_where_everything_is(start):
    """The format of the lines that people read and scripts wait for."""
    emulator = start()
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/api", emulator.reported("connector"))
    assert emulator.reported("document") == f"{emulator.reported('connector')}/openapi.json"
    assert emulator.lines[0].split() == ["playground", f"{emulator.reported('connector')}/playground"]
    assert "Playground" in requests.get(emulator.reported("playground"), timeout=30).text
    assert re.fullmatch(
        r"http://127\.0\.0\.1:\d+/subscriptions/local/resourceGroups/local/sessionPools/local",
        emulator.reported("session pool"),
    )
    assert emulator.reported("isolation").startswith("level 3: ")
    assert execute(emulator.reported("connector"), "6 * 7").json()["result"] == "42"


def test_a_file_of_the_printed_folder_can_be_imported(start, tmp_path):
    """The connector has storage, and reads the folder; what was stored is gone when the emulator ends."""
    emulator = start(environment={"TMPDIR": str(tmp_path)})
    files, imports = emulator.reported("storage"), emulator.reported("imports")
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/devstoreaccount1/files", files)
    found = re.fullmatch(r"(\S+/imports)/NAME is the file NAME in (.+)", imports)
    assert found, imports
    (Path(found[2]) / "data.csv").write_text("a,b\n1,2\n")
    imported = requests.post(
        f"{emulator.reported('connector')}/imports", json={"blobUrl": f"{found[1]}/data.csv"}, timeout=60
    )
    assert [file["size"] for file in imported.json()["files"]] == [8]
    code, stderr = emulator.end(signal.SIGTERM)[1:]
    assert (code, stderr) == (0, "")
    assert list(tmp_path.iterdir()) == []


def test_the_mcp_servers_of_the_pools_are_printed(start):
    """With --mcp, an address and a key for each pool; without it, none."""
    emulator = start("--mcp", "--pools", "2")
    endpoints, keys = (
        [line.split()[-1] for line in emulator.lines if line.startswith(f"{name}  ")]
        for name in ("mcp server", "mcp api key")
    )
    assert len(set(endpoints)) == len(set(keys)) == 2
    for endpoint, key, other in zip(endpoints, keys, reversed(keys), strict=True):
        message = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
        response = requests.post(endpoint, json=message, headers={"x-ms-apikey": key}, timeout=30)
        assert len(response.json()["result"]["tools"]) == 3
        assert requests.post(endpoint, json=message, headers={"x-ms-apikey": other}, timeout=30).status_code == 401


def test_the_mcp_server_of_a_real_pool_is_not_the_emulators():
    """--mcp with --pool-endpoint is refused."""
    options = ["--mcp", "--pool-endpoint", "https://eastus.dynamicsessions.io/subscriptions/s/sessionPools/p"]
    ended = subprocess.run(
        [sys.executable, "-m", "emulator", *options], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    assert ended.returncode == 2
    assert "--mcp is for the emulator's pool" in ended.stderr


def test_a_playground_that_is_turned_off_is_not_printed(start):
    """The address would be that of an error."""
    emulator = start(environment={"PLAYGROUND": "off"})
    assert not any("playground" in line for line in emulator.lines)
    assert requests.get(f"{emulator.reported('connector')}/playground", timeout=30).status_code == 404


def test_the_line_to_try_works(start):
    """The curl line runs as it is printed."""
    line = start().reported("try")
    found = re.fullmatch(r"curl (\S+) -H '(Content-Type): (\S+)' -d '(.*)'", line)
    assert found, line
    url, name, value, body = found.groups()
    assert requests.post(url, body, headers={name: value}, timeout=30).json()["result"] == "42"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_ends_everything_at_once(start, number, tmp_path):
    """No process, temporary folder, socket or mount is left, even if an execution runs and has left a daemon."""
    emulator = start(environment={"TMPDIR": str(tmp_path)})
    api = emulator.reported("connector")
    execute(api, "import subprocess; subprocess.Popen(['sleep', '1000'], start_new_session=True)")
    port = int(api.split(":")[2].split("/")[0])
    hanging = socket.create_connection(("127.0.0.1", port))
    code = f"import time; {BEGUN}; time.sleep(100)"
    body = json.dumps({"pythonCode": code, "sessionId": "a-session-that-hangs"}).encode()
    hanging.sendall(
        b"POST /api/executions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        + f"Content-Length: {len(body)}\r\n\r\n".encode()
        + body
    )
    begun = f"{api}/files/begun?sessionId=a-session-that-hangs"
    wait_until(lambda: requests.get(begun, timeout=30).status_code == 200)
    processes = emulator.descendants()
    assert len(processes) > 3
    seconds, code, stderr = emulator.end(number)
    hanging.close()
    assert (code, stderr) == (0, "")
    assert seconds < 5
    wait_until(lambda: alive(processes) == set())
    assert list(tmp_path.iterdir()) == []
    assert "session" not in Path("/proc/mounts").read_text()
    with pytest.raises(OSError):
        socket.create_connection(("127.0.0.1", port), timeout=1)


def test_a_killed_emulator_leaves_no_process(start):
    """kill -9 gives no time to clean up: the sessions end on their own."""
    emulator = start()
    execute(
        emulator.reported("connector"), "import subprocess; subprocess.Popen(['sleep', '1000'], start_new_session=True)"
    )
    processes = emulator.descendants()
    emulator.process.kill()
    wait_until(lambda: alive(processes) == set())


@pytest.mark.parametrize("option", ["--port", "--pool-port", "--storage-port"])
def test_a_port_in_use_is_reported_in_one_line(option):
    """The line names the port, and the option that changes it."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        ports = {"--port": "0", "--pool-port": "0", option: str(port)}
        ended = subprocess.run(
            [sys.executable, "-m", "emulator", *(word for pair in ports.items() for word in pair)],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=30,
        )
    assert ended.returncode == 1
    assert ended.stdout == ""
    assert ended.stderr == f"port {port} is in use: choose another with {option} (0 picks a free one)\n"


def test_several_pools_can_be_started(start):
    """Each on a port of its own; the connector uses all of them."""
    emulator = start("--pools", "2", "--max-sessions", "1")
    found = requests.get(f"{emulator.reported('connector')}/connection", timeout=30).json()
    assert [pool["name"] for pool in found["pools"]] == ["local", "local-2"]
    assert len({line for line in emulator.lines if line.startswith("session pool  ")}) == 2


def test_keys_can_be_required(start):
    """With --keys the emulator creates and prints a key, and requires it, as Azure does."""
    emulator = start("--keys")
    api, key = emulator.reported("connector"), emulator.reported("function key")
    assert execute(api, "1").status_code == 401
    assert execute(api, "1", headers={"x-functions-key": "wrong"}).status_code == 401
    assert execute(api, "1", headers={"x-functions-key": key}).json()["result"] == "1"
    assert requests.post(f"{api}/executions?code={key}", json={"pythonCode": "2"}, timeout=30).json()["result"] == "2"
    assert requests.get(f"{api}/health", timeout=30).status_code == 200
    assert requests.get(f"{api}/openapi.json", timeout=30).status_code == 200
    assert emulator.lines[0].startswith("playground  ")
    assert requests.get(emulator.reported("playground"), timeout=30).status_code == 200


def test_the_machines_proxy_is_not_used_for_loopback(start):
    """The connector reaches its pool although HTTP_PROXY names a proxy."""
    emulator = start(environment={"HTTP_PROXY": "http://127.0.0.1:9", "http_proxy": "http://127.0.0.1:9"})
    with requests.Session() as session:
        session.trust_env = False
        answered = session.post(f"{emulator.reported('connector')}/executions", json={"pythonCode": "1"}, timeout=30)
    assert answered.json()["result"] == "1"


def test_a_real_pool_can_replace_the_emulator(start):
    """With --pool-endpoint no pool is started; calls go there as the account of the Azure CLI."""
    emulator = start("--pool-endpoint", "http://127.0.0.1:9/sessionPools/p", environment={"PATH": ""})
    assert emulator.reported("session pool") == "http://127.0.0.1:9/sessionPools/p"
    refused = requests.get(f"{emulator.reported('connector')}/connection", timeout=30)
    assert (refused.status_code, refused.json()["error"]["code"]) == (502, "PoolRejected")
    assert "az login" in refused.json()["error"]["message"]
    assert emulator.descendants() == set()
