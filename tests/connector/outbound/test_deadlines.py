"""One deadline for an operation: through attempts, pauses and reads, also of a pool that sends a byte now and then."""

import contextlib
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from ipaddress import ip_address

import pytest
from cryptography import x509

from connector import errors
from connector.models import FilePath
from connector.outbound.deadlines import Deadline, Deadlines
from connector.session_pool.client import SessionPoolClient
from connector.session_pool.hand_over import RunLost
from connector.session_pool.pools import Pools
from connector.session_pool.sessions import CallerSessions, SessionClient
from tests.certificates import self_signed
from tests.connector.conftest import GivenToken

SHORT = Deadlines(operation_seconds=0.6, longest_transfer_seconds=0.6, reserve_seconds=0.1, retry_pause_seconds=0)
LONGEST_SECONDS = 3.0
"""What a test machine with much to do makes of 0.6; the pools would need hours."""

TRICKLES = {
    "status line": (b"HTTP/1.1 ", b"2"),
    "headers": (b"HTTP/1.1 200 OK\r\nX-Header: ", b"x"),
    "interim responses": (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "body": (b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n", b" "),
    "chunks": (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n"),
    "body of an error": (b"HTTP/1.1 500 No\r\nContent-Length: 1000000\r\n\r\n", b" "),
}
"""What a pool sends at once, and what it then repeats."""


class Trickling:
    """Reads requests, and sends its responses bit by bit. With `head` None, it sends nothing at all."""

    def __init__(self, head: bytes | None, repeated: bytes, context: ssl.SSLContext | None) -> None:
        self.connections = 0
        self._head, self._repeated, self._context = head, repeated, context
        self._ends = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._ends.set()
        self._listener.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                self.connections += 1
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError), contextlib.closing(connection):
            secure = self._context and self._context.wrap_socket(connection, server_side=True)
            with contextlib.closing(secure or connection) as connection:
                connection.recv(65536)
                if self._head is not None:
                    connection.sendall(self._head)
                while not self._ends.wait(0.02):
                    if self._head is not None:
                        connection.sendall(self._repeated)


@pytest.fixture
def trickling(tmp_path, monkeypatch) -> Iterator[Callable[..., Trickling]]:
    servers: list[Trickling] = []

    def start(head: bytes | None, repeated: bytes, *, tls: bool = False) -> Trickling:
        context = None
        if tls:
            key, certificate = self_signed(tmp_path, x509.IPAddress(ip_address("127.0.0.1")))
            monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate, key)
        servers.append(Trickling(head, repeated, context))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


def session_at(address: str) -> SessionClient:
    client = SessionPoolClient(f"{address}/sessionPools/p", GivenToken(), deadlines=SHORT)
    return CallerSessions(Pools(client), deadline=SHORT.of_operation()).session("abcd")


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("part", TRICKLES)
def test_a_response_that_trickles_is_ended_by_the_deadline(trickling, part, scheme):
    """Whatever part of it does, over TLS and without."""
    server = trickling(*TRICKLES[part], tls=scheme == "https")
    address = f"{scheme}://127.0.0.1:{server.port}"
    for call in (
        lambda session: session.list_files("", recursive=False),
        lambda session: session.download_file(FilePath("", "a")),
    ):
        began = time.monotonic()
        with pytest.raises((errors.PoolTimeout, errors.PoolUnavailable)) as failure:
            call(session_at(address))
        assert part == "body of an error" or failure.type is errors.PoolTimeout
        assert time.monotonic() - began < LONGEST_SECONDS


def test_a_run_whose_response_trickles_is_lost_at_the_deadline(trickling):
    """It was handed over: that is not an error."""
    server = trickling(*TRICKLES["body"])
    began = time.monotonic()
    with pytest.raises(RunLost):
        session_at(f"http://127.0.0.1:{server.port}").execute_code("1", execution_id="e", timeout_seconds=60)
    assert time.monotonic() - began < LONGEST_SECONDS


def test_a_connection_that_was_ended_is_not_used_again(trickling):
    """Its response would be that of the call before."""
    server = trickling(*TRICKLES["body"])
    session = session_at(f"http://127.0.0.1:{server.port}")
    for _ in range(2):
        with pytest.raises(errors.PoolTimeout):
            session.with_deadline(Deadline.after(0.2)).list_files("", recursive=False)
    assert server.connections == 2


@pytest.mark.parametrize("head", [None, b"HTTP/1.1 200 "], ids=["silent", "trickling"])
def test_a_handshake_or_a_proxy_that_does_not_end_was_no_hand_over(trickling, monkeypatch, head):
    """The code has not been sent: the caller gets an error, before the deadline."""
    server = trickling(head, b"x")
    began = time.monotonic()
    with pytest.raises(errors.PoolUnreachable):
        session_at(f"https://127.0.0.1:{server.port}").execute_code("1", execution_id="e", timeout_seconds=60)
    monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{server.port}")
    with pytest.raises(errors.PoolUnreachable):
        session_at("https://pool.example").execute_code("1", execution_id="e", timeout_seconds=60)
    assert time.monotonic() - began < 2 * LONGEST_SECONDS


def test_all_calls_of_an_operation_share_its_deadline(faulty_pool, reply):
    """A list with a page every 0.1 s, each of which names another."""
    page = b'{"value": [], "nextLink": "https://pool.example/files?skip=%d"}'
    pool = faulty_pool(*(reply(body=page % number, after_seconds=0.1) for number in range(200)))
    client = SessionPoolClient(pool.url, GivenToken(), deadlines=SHORT)
    began = time.monotonic()
    with pytest.raises(errors.PoolTimeout):
        CallerSessions(Pools(client), deadline=SHORT.of_operation()).session("abcd").list_files("", recursive=False)
    assert time.monotonic() - began < LONGEST_SECONDS


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize("far", ["60", "999999999999", "date"])
def test_a_retry_after_that_does_not_fit_is_returned_at_once(faulty_pool, session_of, reply, status, far):
    """Without another attempt. Dates are understood, too."""
    seconds = time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(time.time() + 60)) if far == "date" else far
    pool = faulty_pool(reply(status, headers={"Retry-After": seconds}))
    with pytest.raises((errors.TooManySessions, errors.PoolUnavailable)) as failure:
        session_of(pool).list_files("", recursive=False)
    assert len(pool.requests) == 1
    assert 50 <= failure.value.retry_after_seconds <= 3600


@pytest.mark.parametrize("call", ["run", "list_files"])
def test_a_rejected_token_is_renewed_once(faulty_pool, reply, call):
    """Also for code: a pool that does not know the caller has not run it."""

    class Renewed(GivenToken):
        tokens = ["old", "new"]

        def token(self, deadline: object = None) -> str:
            return self.tokens[0]

        def renew(self, rejected: str) -> bool:
            self.tokens = self.tokens[1:]
            return bool(self.tokens)

    done = {"run": b'{"status": "Succeeded", "result": {"stdout": ""}}', "list_files": b'{"value": []}'}[call]
    for replies, accepted in (([reply(401), reply(body=done)], True), ([reply(401), reply(401), reply(401)], False)):
        pool = faulty_pool(*replies)
        session = CallerSessions(Pools(SessionPoolClient(pool.url, Renewed()))).session("abcd")
        with contextlib.nullcontext() if accepted else pytest.raises(errors.PoolRejected):
            if call == "run":
                session.execute_code("1", execution_id="e", timeout_seconds=1)
            else:
                session.list_files("", recursive=False)
        assert [headers["Authorization"] for headers in pool.headers] == ["Bearer old", "Bearer new"]


def test_an_error_after_code_was_lost_is_no_error(faulty_pool, session_of, reply):
    """It is about the second attempt, and the first may have run."""
    pool = faulty_pool(reply(0), reply(403))
    with pytest.raises(RunLost):
        session_of(pool).execute_code("1", execution_id="e", timeout_seconds=9, may_repeat=True)
    assert len(pool.requests) == 2


def test_deadlines_fit_callers_and_the_host():
    """100 s, unless the caller waits longer, and never the 230 s of the front end of Azure Functions."""
    deadlines = Deadlines()
    began = deadlines.of_operation()
    seconds = {wait: round(deadlines.of_execution(began, wait).at - began.began) for wait in (0, 3, 90, 120, 220)}
    assert seconds == {0: 10, 3: 13, 90: 100, 120: 130, 220: 225}
    transfers = [
        round(deadlines.of_transfer(began, size).at - began.began) for size in (0, 1 << 20, 100 << 20, 1 << 40)
    ]
    assert transfers == [30, 31, 82, 100]
