"""What the connector answers at once while everything else waits for the pool."""

import gzip
import json
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import requests

from emulator.session_pool.wire.identity_endpoint import IdentityEndpoint
from emulator.session_pool.wire.tokens import TokenAuthority
from tests.conftest import Api, connector_with

AT_ONCE_SECONDS = 1.0
"""On a busy machine. What waits here waits until the test ends."""


class WaitingPool:
    """Finds no file and no execution, and responds to every other call only when it is released."""

    def __init__(self) -> None:
        self.released = threading.Event()
        self.waiting = threading.Semaphore(0)
        pool = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                self._respond(404)

            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["Content-Length"]))
                pool.waiting.release()
                pool.released.wait()
                self._respond(403)

            def _respond(self, status: int) -> None:
                self.send_response(status)
                self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"{}")

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        self.url = f"http://127.0.0.1:{self._server.server_port}/subscriptions/s/resourceGroups/g/sessionPools/p"

    def stop(self) -> None:
        self.released.set()
        self._server.shutdown()
        self._server.server_close()


class Waiting:
    """A connector with calls that wait for the pool."""

    def __init__(self, api: Api, pool: WaitingPool, callers: ThreadPoolExecutor) -> None:
        self.api, self._pool, self._callers = api, pool, callers

    def begin(self, call: Callable[[], requests.Response], count: int = 1) -> list[Future[requests.Response]]:
        """Begins calls, and returns when the pool has all of them."""
        calls = [self._callers.submit(call) for _ in range(count)]
        for _ in calls:
            assert self._pool.waiting.acquire(timeout=20)
        return calls

    def run(self) -> requests.Response:
        return self.api.call("POST", "/executions", json={"pythonCode": "1"})

    def put(self, name: str, content: bytes) -> requests.Response:
        return self.api.call("PUT", f"/files/{name}?sessionId=some-session", data=content)


@pytest.fixture(scope="module")
def identity() -> Iterator[dict[str, str]]:
    """The environment of an app with an identity."""
    endpoint = IdentityEndpoint(TokenAuthority())
    endpoint.start()
    yield endpoint.environment
    endpoint.stop()


@contextmanager
def waiting_connector(identity: dict[str, str], **settings: str) -> Iterator[Waiting]:
    pool = WaitingPool()
    environment = {**identity, "POOL_MANAGEMENT_ENDPOINT": pool.url, **settings}
    with ThreadPoolExecutor(16) as callers, ExitStack() as end, connector_with(**environment) as api:
        end.callback(pool.stop)  # before the callers are waited for
        try:
            yield Waiting(api, pool, callers)
        finally:
            pool.released.set()


@contextmanager
def at_once() -> Iterator[None]:
    started = time.monotonic()
    yield
    assert time.monotonic() - started < AT_ONCE_SECONDS


@pytest.fixture(scope="module")
def full(identity: dict[str, str]) -> Iterator[Waiting]:
    """Eight threads, and as many runs as these admit."""
    with waiting_connector(identity, PYTHON_THREADPOOL_THREAD_COUNT="8") as waiting:
        waiting.begin(waiting.run, 6)
        yield waiting


def test_health_is_answered_when_no_thread_is_free(identity):
    """It needs none."""
    with waiting_connector(identity, PYTHON_THREADPOOL_THREAD_COUNT="1") as waiting:
        waiting.begin(waiting.run)
        with at_once():
            assert waiting.api.call("GET", "/health").status_code == 200


@pytest.mark.parametrize("path", ["/openapi.json", "/openapi-full.json", "/swagger.json", "/mcp-swagger.json"])
def test_documents_are_answered_while_all_runs_wait(full, path):
    """They need no pool."""
    with at_once():
        assert full.api.call("GET", path).status_code == 200


def test_mistakes_are_answered_while_all_runs_wait(full):
    """Before it is known whether there is a place for the run."""
    with at_once():
        assert full.api.call("POST", "/executions", json={"code": "1"}).status_code == 400
        assert full.api.call("POST", "/executions", json={"pythonCode": "1", "sessionId": "?"}).status_code == 400


def test_executions_and_files_are_looked_up_while_all_runs_wait(full):
    """Polls, listings and downloads have places that runs may not take."""
    with at_once():
        path = "/executions/7a1f6f6e-5d1c-4c44-9c5e-0d5f3f0c2a11?sessionId=some-session"
        assert full.api.call("GET", path).status_code == 404
        assert full.api.call("DELETE", path).status_code == 404
        assert full.api.call("GET", "/files/a?sessionId=some-session").status_code == 404


def test_a_run_without_a_place_is_refused_with_retry_after(full):
    """As documented; nothing of it has been done."""
    response = full.run()
    assert (response.status_code, response.json()["error"]["code"]) == (429, "ConnectorBusy")
    assert int(response.headers["Retry-After"]) > 0


def test_mistakes_are_answered_while_all_calls_of_the_pool_wait(identity):
    """Uploads wait for the pool as runs do, and leave a thread free too."""
    with waiting_connector(identity, PYTHON_THREADPOOL_THREAD_COUNT="4") as waiting:
        waiting.begin(lambda: waiting.put("a", b"x"), 3)
        with at_once():
            assert waiting.api.call("POST", "/executions", json={}).status_code == 400
            assert waiting.put("b", b"x").json()["error"]["code"] == "ConnectorBusy"
            assert waiting.api.call("GET", "/connection").json()["error"]["code"] == "ConnectorBusy"


@pytest.mark.parametrize(
    ("path", "headers", "body"),
    [
        ("/files/b?sessionId=some-session", {}, bytes(2_000_000)),
        ("/files/b?sessionId=some-session", {"Content-Encoding": "gzip"}, gzip.compress(bytes(2_000_000))),
        ("/files", {"Content-Type": "multipart/form-data; boundary=b"}, b"--b--" + bytes(2_000_000)),
        ("/files", {"Content-Type": "application/json"}, json.dumps({"a": "a" * 2_000_000}).encode()),
    ],
    ids=["raw", "compressed", "form", "json"],
)
def test_large_bodies_are_refused_while_others_are_in_memory(large, path, headers, body):
    """With Retry-After, before they are read; runs are not affected."""
    method = "PUT" if "?" in path else "POST"
    response = large.api.call(method, path, data=body, headers=headers)
    assert (response.status_code, response.json()["error"]["code"]) == (429, "ConnectorBusy")
    assert int(response.headers["Retry-After"]) > 0


def test_small_bodies_are_accepted_while_large_ones_are_in_memory(large):
    """They reach the pool."""
    large.begin(large.run)


@pytest.fixture(scope="module")
def large(identity: dict[str, str]) -> Iterator[Waiting]:
    """The memory is taken by one upload."""
    with waiting_connector(identity, PYTHON_THREADPOOL_THREAD_COUNT="8", MEMORY_FOR_FILES_MB="1") as waiting:
        waiting.begin(lambda: waiting.put("a", bytes(2_000_000)))
        yield waiting
