"""A stand-in for a pool that does what a real one should not: it answers what a test tells it to."""

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from connector.session_pool import SessionPoolClient


@dataclass
class Answer:
    """`status` 0 closes the connection instead; `after_seconds` waits before either."""

    status: int = 200
    body: bytes = b"{}"
    headers: dict[str, str] = field(default_factory=dict)
    after_seconds: float = 0


@dataclass
class FaultyPool:
    """Gives the next answer to each request; the last one again when there are no more. Keeps what was asked."""

    url: str
    answers: list[Answer]
    requests: list[tuple[str, str]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)


@pytest.fixture
def faulty_pool() -> Iterator[Callable[..., FaultyPool]]:
    servers: list[ThreadingHTTPServer] = []

    def start(*answers: Answer) -> FaultyPool:
        pool = FaultyPool("", list(answers))

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do(self) -> None:
                self.rfile.read(int(self.headers.get("Content-Length") or 0))
                pool.requests.append((self.command, self.path))
                pool.headers.append(dict(self.headers))
                answer = pool.answers.pop(0) if len(pool.answers) > 1 else pool.answers[0]
                time.sleep(answer.after_seconds)
                if answer.status == 0:
                    self.close_connection = True
                    return
                self.send_response(answer.status)
                for name, value in {"Content-Type": "application/json", **answer.headers}.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(answer.body)))
                self.end_headers()
                self.wfile.write(answer.body)

            do_GET = do_POST = do_DELETE = do

            def log_message(self, *_: object) -> None:
                pass

            def handle(self) -> None:
                try:
                    super().handle()
                except OSError:
                    pass  # the client has gone

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        servers.append(server)
        pool.url = f"http://127.0.0.1:{server.server_port}/subscriptions/s/resourceGroups/g/sessionPools/p"
        return pool

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


class GivenToken:
    def token(self) -> str:
        return "given"


@pytest.fixture
def client_of() -> Callable[[FaultyPool], SessionPoolClient]:
    """Makes a client of a faulty pool."""
    return lambda pool: SessionPoolClient(pool.url, GivenToken())


@pytest.fixture
def answer() -> type[Answer]:
    return Answer
