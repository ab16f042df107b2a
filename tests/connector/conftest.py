"""Pools and sessions for tests of the connector: the emulator's, a busy session, and pools that fail in every way."""

import contextlib
import os
import socket
import ssl
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509

from connector.errors import FileNotFound
from connector.models import FilePath
from connector.outbound.deadlines import Deadlines
from connector.session_pool.client import SessionPoolClient
from connector.session_pool.pools import Pools
from connector.session_pool.sessions import CallerSessions, SessionClient
from tests.certificates import self_signed
from tests.conftest import Emulator


class Token:
    """A token of the connector's identity in the emulator."""

    def __init__(self, emulator: Emulator) -> None:
        self._token = emulator.authority.issue()[0]

    def token(self, deadline: object = None) -> str:
        return self._token

    def renew(self, rejected: str) -> bool:
        return False


@pytest.fixture(scope="module")
def pool(emulator: Emulator) -> CallerSessions:
    """The sessions of the emulator's pool."""
    return CallerSessions(Pools(SessionPoolClient(emulator.pool.endpoint, Token(emulator))))


@pytest.fixture
def session(pool: CallerSessions, session_id: str) -> SessionClient:
    """The test's own session."""
    return pool.session(session_id)


@pytest.fixture
def keep_busy(session: SessionClient) -> Iterator[Callable[[], Callable[[], None]]]:
    """Has the session run code until the returned function is called, or the test ends."""
    busy = FilePath("", "busy")
    code = f"import os, time\nopen('/mnt/data/{busy}', 'w').close()\nwhile os.path.exists('/mnt/data/{busy}'): "
    runs: list[threading.Thread] = []

    def release() -> None:
        with contextlib.suppress(FileNotFound):
            session.delete_file(busy)
        for run in runs:
            run.join()

    def begin() -> Callable[[], None]:
        arguments: dict[str, Any] = {"execution_id": str(uuid.uuid4()), "timeout_seconds": 60}
        runs.append(threading.Thread(target=session.execute_code, args=(f"{code}time.sleep(0.01)",), kwargs=arguments))
        runs[-1].start()
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            with contextlib.suppress(FileNotFound):
                session.get_file(busy)
                return release
            time.sleep(0.01)
        raise AssertionError("the session did not run the code")

    yield begin
    release()


@dataclass
class Reply:
    """A response after `after_seconds`; with `status` 0, the connection is closed instead.

    Of its Content-Length, `missing_bytes` are not sent: the connection is closed after the others.
    """

    status: int = 200
    body: bytes = b"{}"
    headers: dict[str, str] = field(default_factory=dict)
    after_seconds: float = 0
    missing_bytes: int = 0


@dataclass
class FaultyPool:
    """Responds to each request with the next reply, and to more with the last one. Keeps the requests."""

    url: str
    replies: list[Reply]
    requests: list[tuple[str, str]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)


@pytest.fixture
def faulty_pool() -> Iterator[Callable[..., FaultyPool]]:
    servers: list[ThreadingHTTPServer] = []

    def start(*replies: Reply) -> FaultyPool:
        pool = FaultyPool("", list(replies))

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do(self) -> None:
                pool.bodies.append(self.rfile.read(int(self.headers.get("Content-Length") or 0)))
                pool.requests.append((self.command, self.path))
                pool.headers.append(dict(self.headers))
                reply = pool.replies.pop(0) if len(pool.replies) > 1 else pool.replies[0]
                time.sleep(reply.after_seconds)
                if reply.status == 0:
                    self.close_connection = True
                    return
                self.send_response(reply.status)
                for name, value in {"Content-Type": "application/json", **reply.headers}.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(reply.body) + reply.missing_bytes))
                self.end_headers()
                self.wfile.write(reply.body)
                if reply.missing_bytes:
                    self.close_connection = True

            do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = do

            def log_message(self, *_: object) -> None:
                pass

            def handle(self) -> None:
                try:
                    super().handle()
                except OSError:
                    pass  # the client has closed the connection

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


@dataclass(frozen=True)
class TlsPool:
    """`handed_over` has an item for each request that was read. The certificate is trusted by no one."""

    url: str
    certificate: Path
    handed_over: list[bool]


@pytest.fixture
def tls_pool(tmp_path: Path) -> Iterator[TlsPool]:
    """Reads a request over TLS completely, and then sends bytes that are not TLS."""
    key, certificate = self_signed(tmp_path, x509.IPAddress(ip_address("127.0.0.1")))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    handed_over: list[bool] = []
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                plain, _ = listener.accept()
            except OSError:
                return
            with contextlib.suppress(OSError), contextlib.closing(plain):
                with context.wrap_socket(plain, server_side=True) as secure:
                    if secure.recv(65536):
                        handed_over.append(True)
                        with socket.socket(fileno=os.dup(secure.fileno())) as broken:
                            broken.sendall(b"\x17\x03\x03\x00\x20" + b"x" * 32)

    server = threading.Thread(target=serve, daemon=True)
    server.start()
    url = f"https://127.0.0.1:{listener.getsockname()[1]}/subscriptions/s/resourceGroups/g/sessionPools/p"
    yield TlsPool(url, certificate, handed_over)
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    server.join(5)


class GivenToken:
    def token(self, deadline: object = None) -> str:
        return "given"

    def renew(self, rejected: str) -> bool:
        return False


@pytest.fixture
def session_of() -> Callable[..., SessionClient]:
    """Makes a session of a faulty pool, with deadlines by name."""

    def make(pool: FaultyPool, **deadlines: float) -> SessionClient:
        client = SessionPoolClient(pool.url, GivenToken(), deadlines=Deadlines(**deadlines))
        return CallerSessions(Pools(client)).session("abcd")

    return make


@pytest.fixture
def reply() -> type[Reply]:
    return Reply
