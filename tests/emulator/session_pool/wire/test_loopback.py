"""Which clients a server on loopback answers, and how it starts and stops."""

import contextlib
import http.client
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from emulator.session_pool.wire.loopback import LoopbackServer, PortInUse, is_loopback


def hello(_: Request) -> Response:
    return PlainTextResponse("hello")


def serving(app: Starlette | None = None, port: int = 0) -> LoopbackServer:
    return LoopbackServer(app or Starlette(routes=[Route("/", hello)]), port=port)


@pytest.fixture(scope="module")
def server() -> Iterator[LoopbackServer]:
    running = serving()
    running.start()
    yield running
    running.stop()


def get(server: LoopbackServer, **headers: str) -> tuple[int, str]:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    with contextlib.closing(connection):
        connection.putrequest("GET", "/", skip_host=True)
        for name, value in headers.items():
            connection.putheader(name, value)
        connection.endheaders()
        answer = connection.getresponse()
        return answer.status, answer.read().decode()


@pytest.mark.parametrize("host", ["localhost", "LocalHost:80", "127.0.0.1", "127.8.9.1:5", "[::1]", "[::1]:80"])
def test_loopback_names_are_answered(server, host):
    """Every loopback name is accepted in the Host header, with any port."""
    assert is_loopback(host)
    assert get(server, Host=host) == (200, "hello")


@pytest.mark.parametrize(
    "host",
    ["evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "10.0.0.1", "0.0.0.0", "[::2]", "[", ""],
)
def test_foreign_names_are_refused(server, host):
    """A page that rebinds its own name to 127.0.0.1 keeps its name in Host, and gets a 403."""
    assert not is_loopback(host)
    status, body = get(server, Host=host)
    assert status == 403
    assert host in body


def test_a_request_without_a_host_is_refused(server):
    """HTTP/1.0 has no Host header; the origin of such a request cannot be checked, so it is refused."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
        connection.sendall(b"GET / HTTP/1.0\r\n\r\n")
        assert connection.recv(4096).startswith(b"HTTP/1.1 403")


def test_a_page_of_another_site_is_refused(server):
    """A foreign Origin is a 403, also another port's and `null`; the server's own is allowed."""
    host = f"127.0.0.1:{server.port}"
    for origin in (
        "https://evil.example",
        "http://127.0.0.1:1",
        f"http://localhost:{server.port}",
        "null",
        "",
        "file://",
    ):
        assert get(server, Host=host, Origin=origin)[0] == 403, origin
    assert get(server, Host=host, Origin=f"http://{host}") == (200, "hello")


def test_it_listens_on_loopback_only(server):
    """The kernel's table has the port once, on 127.0.0.1."""
    listening = [
        line.split()[1]
        for table in ("/proc/net/tcp", "/proc/net/tcp6")
        for line in Path(table).read_text().splitlines()
        if line.split()[1].endswith(f":{server.port:04X}") and line.split()[3] == "0A"
    ]
    assert listening == [f"0100007F:{server.port:04X}"]


def test_a_port_in_use(server):
    """PortInUse names the port."""
    with pytest.raises(PortInUse, match=f"^port {server.port} is in use$") as refusal:
        serving(port=server.port)
    assert refusal.value.port == server.port


def test_an_invalid_port(server):
    """An invalid port is refused like one that is taken, with the reason."""
    with pytest.raises(PortInUse, match="^port 70000 is not available .*65535"):
        serving(port=70_000)


def test_a_failed_start_reports_why():
    """The app's own failure is the cause of the RuntimeError, and the port is free again after stop."""

    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette):
        raise LookupError("nothing to serve")
        yield

    server = serving(Starlette(lifespan=lifespan))
    with pytest.raises(RuntimeError) as failure:
        server.start()
    assert isinstance(failure.value.__cause__, LookupError)
    server.stop()
    again = serving(port=server.port)
    again.stop()


def test_stop_ends_requests_and_frees_the_port():
    """A request in progress does not delay a stop, stopping twice is fine, and the app's lifespan ends."""
    events = []
    entered = threading.Event()

    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette):
        yield
        events.append("end")

    async def wait(request: Request) -> Response:
        entered.set()
        await request.receive()  # the body, which is empty
        await request.receive()  # the end of the connection, which does not come
        return Response()

    server = serving(Starlette(routes=[Route("/", wait)], lifespan=lifespan))
    server.start()
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert entered.wait(5)
        started = time.monotonic()
        server.stop()
        assert time.monotonic() - started < 2
    server.stop()
    assert events == ["end"]
    serving(port=server.port).stop()
