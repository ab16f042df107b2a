"""A stand-in for a pool that does what a real one should not: it answers what a test tells it to."""

import contextlib
import os
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from connector.session_pool.client import SessionPoolClient
from connector.session_pool.deadlines import Deadlines
from connector.session_pool.sessions import CallerSessions, SessionClient
from tests.conftest import Emulator


class Token:
    """The connector's identity, as the emulator knows it."""

    def __init__(self, emulator: Emulator) -> None:
        self._token = emulator.authority.issue()[0]

    def token(self) -> str:
        return self._token


@pytest.fixture(scope="module")
def pool(emulator: Emulator) -> CallerSessions:
    """The sessions of the emulator's pool, as the connector's operations take them."""
    return CallerSessions(SessionPoolClient(emulator.pool.endpoint, Token(emulator)))


@pytest.fixture
def session(pool: CallerSessions, session_id: str) -> SessionClient:
    """The test's own session."""
    return pool.session(session_id)


@dataclass
class Answer:
    """`status` 0 closes the connection instead; `after_seconds` waits before either.

    `missing_bytes` are announced and do not come: the connection is closed behind the others.
    """

    status: int = 200
    body: bytes = b"{}"
    headers: dict[str, str] = field(default_factory=dict)
    after_seconds: float = 0
    missing_bytes: int = 0


@dataclass
class FaultyPool:
    """Gives the next answer to each request; the last one again when there are no more. Keeps what was asked."""

    url: str
    answers: list[Answer]
    requests: list[tuple[str, str]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)


@pytest.fixture
def faulty_pool() -> Iterator[Callable[..., FaultyPool]]:
    servers: list[ThreadingHTTPServer] = []

    def start(*answers: Answer) -> FaultyPool:
        pool = FaultyPool("", list(answers))

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do(self) -> None:
                pool.bodies.append(self.rfile.read(int(self.headers.get("Content-Length") or 0)))
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
                self.send_header("Content-Length", str(len(answer.body) + answer.missing_bytes))
                self.end_headers()
                self.wfile.write(answer.body)
                if answer.missing_bytes:
                    self.close_connection = True

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


@pytest.fixture
def tls_pool(tmp_path: Path) -> Iterator[tuple[str, list[bool]]]:
    """A server that reads a whole request over TLS and then sends what is no TLS; and whether it has read one."""
    key, certificate = _self_signed(tmp_path)
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
                        time.sleep(0.2)

    server = threading.Thread(target=serve, daemon=True)
    server.start()
    yield f"https://127.0.0.1:{listener.getsockname()[1]}/subscriptions/s/resourceGroups/g/sessionPools/p", handed_over
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    server.join(5)


def _self_signed(folder: Path) -> tuple[Path, Path]:
    """The files of a key and a certificate that nobody vouches for."""
    private = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(private, hashes.SHA256())
    )
    pem, plain = serialization.Encoding.PEM, serialization.NoEncryption()
    (folder / "key.pem").write_bytes(private.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain))
    (folder / "certificate.pem").write_bytes(certificate.public_bytes(pem))
    return folder / "key.pem", folder / "certificate.pem"


class GivenToken:
    def token(self) -> str:
        return "given"


@pytest.fixture
def session_of() -> Callable[..., SessionClient]:
    """Makes a session of a faulty pool. Its caller may set deadlines by name."""

    def make(pool: FaultyPool, **deadlines: float) -> SessionClient:
        client = SessionPoolClient(pool.url, GivenToken(), deadlines=Deadlines(**deadlines))
        return CallerSessions(client).session("abcd")

    return make


@pytest.fixture
def answer() -> type[Answer]:
    return Answer
