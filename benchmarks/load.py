"""What one instance answers while it has much to do: many runs at a time, a pool that is down, many large files.

The connector runs in the emulator's Functions host with the settings that are deployed, the session pool is another
process, and the callers are threads of this one. All of them share the machine's processors.
"""

import argparse
import http.client
import json
import os
import secrets
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from emulator.session_pool.wire.identity_endpoint import IdentityEndpoint
from emulator.session_pool.wire.tokens import TokenAuthority

from .figures import Figure, table
from .host_program import HostProgram
from .pool_program import PoolProgram
from .processes import peak, reset_peak, resident
from .quantiles import p50, p95
from .switched_pool import State, SwitchedPool

MB = 1_000_000
_CALLERS = 64
_SECONDS = 2
_UPLOADS = 16
_UPLOAD_MB = 90
_JSON = {"Content-Type": "application/json"}
_MOST_SECONDS = 300


class Client:
    """One connection to the connector, for one thread."""

    def __init__(self, url: str) -> None:
        address = urlsplit(url)
        self._connection = http.client.HTTPConnection(str(address.hostname), address.port, timeout=_MOST_SECONDS)
        self._prefix = address.path

    def call(
        self, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None
    ) -> tuple[int, dict[str, Any], float | None]:
        """The status, the JSON, and the Retry-After in seconds."""
        self._connection.request(method, f"{self._prefix}{path}", body, headers or {})
        response = self._connection.getresponse()
        content = response.read()
        retry_after = response.headers.get("Retry-After")
        return response.status, json.loads(content or b"{}"), None if retry_after is None else float(retry_after)

    def run(self, code: str, session_id: str | None = None, **members: Any) -> tuple[int, dict[str, Any]]:
        body = {"pythonCode": code, **({"sessionId": session_id} if session_id else {}), **members}
        status, result, _ = self.call("POST", "/executions", json.dumps(body).encode(), _JSON)
        return status, result


class Probe:
    """Calls one operation again and again during its `with` block."""

    def __init__(self, name: str, call: Callable[[], Any], pause: float) -> None:
        self.name = name
        self.milliseconds: list[float] = []
        self._call, self._pause = call, pause
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._repeat)

    def __enter__(self) -> "Probe":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def figure(self, during: str, goal: float | None = None) -> Figure:
        measured = [p50(self.milliseconds), p95(self.milliseconds), max(self.milliseconds)]
        return Figure(
            f"{self.name} during {during}, p50 / p95 / most", "ms", measured, None if goal is None else [goal, goal]
        )

    def _repeat(self) -> None:
        while not self._ended.wait(self._pause):
            started = time.perf_counter()
            self._call()
            self.milliseconds.append((time.perf_counter() - started) * 1000)


class Load:
    """The connector, and a pool that can be switched off."""

    def __init__(self, url: str, pid: int, pool: SwitchedPool) -> None:
        self.url, self.pid, self.pool = url, pid, pool
        self.figures: list[Figure] = []

    def client(self) -> Client:
        return Client(self.url)

    def health(self) -> Probe:
        client = self.client()
        return Probe("GetHealth", lambda: client.call("GET", "/health"), 0.02)

    def mistakes(self) -> Probe:
        client = self.client()
        return Probe("a 400", lambda: client.call("POST", "/executions", b"{}", _JSON), 0.05)

    @contextmanager
    def background_run(self) -> Iterator[Probe]:
        """Polls of a run that goes on."""
        client = self.client()
        code = f"import time; time.sleep({_MOST_SECONDS})"
        _, run = client.run(code, timeoutInSeconds=600, waitInSeconds=0)
        path = f"/executions/{run['executionId']}?sessionId={run['sessionId']}"
        yield Probe("a poll", lambda: client.call("GET", path), 0.05)
        client.call("DELETE", f"/sessions/{run['sessionId']}")

    def at_once(self, call: Callable[[Client, int], Any], callers: int = _CALLERS) -> tuple[list[Any], float]:
        """The results of concurrent calls, and the seconds from the first to the last."""
        ready = threading.Barrier(callers + 1)
        clients = [self.client() for _ in range(callers)]

        def one(number: int) -> Any:
            ready.wait()
            return call(clients[number], number)

        with ThreadPoolExecutor(callers) as threads:
            calls = [threads.submit(one, number) for number in range(callers)]
            ready.wait()
            started = time.perf_counter()
            results = [each.result() for each in calls]
            return results, time.perf_counter() - started


def measure_runs(load: Load) -> None:
    """Runs that sleep, in sessions that exist and in new ones."""
    code = f"import time; time.sleep({_SECONDS})"
    warm, _ = load.at_once(lambda client, _: client.run("1")[1]["sessionId"])
    for kind, sessions in (("existing", warm), ("new", [None] * _CALLERS)):
        name = f"{_CALLERS} runs of {_SECONDS} s in {kind} sessions"
        with load.background_run() as polls, polls, load.health() as health, load.mistakes() as mistakes:
            results, seconds = load.at_once(lambda client, n, ids=sessions: client.run(code, ids[n]))  # type: ignore[misc]
        succeeded = sum(status == 200 and run["status"] == "Succeeded" for status, run in results)
        load.figures += [
            Figure(name, "s", [seconds], [3]),
            Figure(f"{name}: succeeded", "", [succeeded], [_CALLERS], at_least=True),
            health.figure("them", 50),
            polls.figure("them"),
            mistakes.figure("them"),
        ]
        for _, run in results:
            load.client().call("DELETE", f"/sessions/{run['sessionId']}")


def measure_dead_pool(load: Load, state: State) -> None:
    """Calls of a pool that has just gone down, and the time until the connector works again."""
    name = f"a pool that {state}"
    _, run = load.client().run("1")
    session_id = run["sessionId"]
    load.pool.switch(state)
    ended: list[tuple[float, int]] = []
    started = time.perf_counter()

    def call(client: Client, number: int) -> None:
        status, _, _ = (
            client.call("GET", f"/files?sessionId={session_id}")
            if number % 4
            else client.run("1", session_id, timeoutInSeconds=10, waitInSeconds=10) + (None,)
        )
        ended.append((time.perf_counter() - started, status))

    with load.health() as health, load.mistakes() as mistakes:
        load.at_once(call)
        late, seconds = load.at_once(lambda client, _: client.call("GET", f"/files?sessionId={session_id}")[0])
    load.pool.switch("passes on")
    back = time.perf_counter()
    while load.client().run("1", session_id)[0] != 200 and time.perf_counter() - back < _MOST_SECONDS:
        time.sleep(0.1)
    load.figures += [
        health.figure(name, 50),
        mistakes.figure(name),
        Figure(f"{name}: {_CALLERS} callers, first / last response", "s", [min(ended)[0], max(ended)[0]]),
        Figure(f"{name}: {_CALLERS} later callers, last response", "s", [seconds], [1]),
        Figure(f"{name}: from its return to a run that succeeds", "s", [time.perf_counter() - back]),
    ]
    print(f"{name}: statuses {sorted({status for _, status in ended})}, later {sorted(set(late))}", file=sys.stderr)


def measure_uploads(load: Load) -> None:
    """Large files at once. Those that are refused are sent again after their Retry-After."""
    content = os.urandom(_UPLOAD_MB * MB)
    refused: list[int] = []

    def put(client: Client, number: int) -> int:
        while True:
            status, _, retry_after = client.call("PUT", f"/files/{number}.bin", content)
            if status != 429 or retry_after is None:
                return status
            refused.append(status)
            time.sleep(retry_after * (0.5 + secrets.randbelow(1000) / 1000))

    reset_peak(load.pid)
    before = resident(load.pid)
    with load.health() as health, load.mistakes() as mistakes:
        statuses, seconds = load.at_once(put, _UPLOADS)
    name = f"{_UPLOADS} uploads of {_UPLOAD_MB} MB at once"
    load.figures += [
        Figure(f"{name}: until all are stored", "s", [seconds]),
        Figure(f"{name}: stored", "", [statuses.count(200)], [_UPLOADS], at_least=True),
        Figure(f"{name}: refused with Retry-After, and sent again", "", [len(refused)]),
        Figure(f"{name}: additional memory of host and worker", "MB", [(peak(load.pid) - before) / MB]),
        health.figure("them"),
        mistakes.figure("them"),
    ]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.load", description=__doc__)
    jobs: dict[str, Callable[[Load], None]] = {
        "runs": measure_runs,
        "silent": lambda load: measure_dead_pool(load, "never responds"),
        "failing": lambda load: measure_dead_pool(load, "responds with 503"),
        "refusing": lambda load: measure_dead_pool(load, "refuses"),
        "uploads": measure_uploads,
    }
    parser.add_argument("only", nargs="*", choices=[[], *jobs], help="what to measure")
    only = parser.parse_args().only
    identity = IdentityEndpoint(TokenAuthority())
    identity.start()
    try:
        with PoolProgram("--max-sessions", "200") as pool_program:
            pool = SwitchedPool(pool_program.url)
            environment = {
                **identity.environment,
                "POOL_MANAGEMENT_ENDPOINT": pool.url,
                "SIGNING_KEY": secrets.token_urlsafe(32),
            }
            for name, job in jobs.items():
                if name in only or not only:
                    with HostProgram(environment) as host:
                        load = Load(host.url, host.pid, pool)
                        job(load)
                        print(table(load.figures), flush=True)
            pool.close()
    finally:
        identity.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
