"""An ASGI app served on loopback, from a separate thread.

Both of the emulator's servers execute code for anyone who can reach them, and every page in a browser can send requests
to localhost. So an app here answers only if the Host header is a loopback name (a page that rebinds its own name to
127.0.0.1 keeps its name in Host) and refuses requests with the Origin of another site.
"""

import asyncio
import contextlib
import errno
import ipaddress
import json
import socket
import threading
from urllib.parse import urlsplit

import h11
import uvicorn
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from .certificate import Certificate

_HEAD_SECONDS = 30
"""For the head of a request, from its first byte or the connection on."""

UNREAD_SECONDS = 60
"""For a client to read what has been sent, before more of the response is."""


class PortInUse(Exception):
    """The requested port is not available, usually because another program listens on it."""

    def __init__(self, port: int, why: str = "is in use") -> None:
        super().__init__(f"port {port} {why}")
        self.port = port


class LoopbackServer:
    """Owns one listening socket on 127.0.0.1 and the thread that serves `app` on it."""

    def __init__(
        self, app: ASGIApp, *, port: int = 0, certificate: Certificate | None = None, any_origin: bool = False
    ) -> None:
        """`port` 0 picks a free one. Connections are accepted after `start`. Raises PortInUse.

        `any_origin` is for an app that itself decides about pages of other sites.
        """
        self._socket = _listen(port)
        self.port: int = self._socket.getsockname()[1]
        self.url = f"{'https' if certificate else 'http'}://127.0.0.1:{self.port}"
        self._gate = LoopbackOnly(app, any_origin=any_origin)
        config = uvicorn.Config(
            self._gate,
            log_level="critical",
            access_log=False,
            server_header=False,
            proxy_headers=False,  # there is no proxy in front
            http=_Protocol,
            lifespan="on",
            timeout_graceful_shutdown=0,  # executions may take minutes, and a stop does not wait for them
            timeout_keep_alive=75,
            ws="none",
            ssl_certfile=certificate.path if certificate else None,
            ssl_keyfile=certificate.key_path if certificate else None,
        )
        self._server = _Server(config)
        self._thread = threading.Thread(target=self._run, name=f"server-{self.port}", daemon=True)

    def start(self) -> None:
        """Returns when the app answers. Raises RuntimeError if its start-up failed."""
        self._thread.start()
        self._server.ready.wait()
        if not self._server.started:
            self._thread.join()
            raise RuntimeError("the server did not start") from self._gate.failure or self._server.failure

    def stop(self) -> None:
        """Ends requests in progress and the app, and closes the port. May be called twice."""
        self._server.should_exit = True
        if self._thread.is_alive():
            self._thread.join()
        self._socket.close()

    def _run(self) -> None:
        try:
            self._server.run(sockets=[self._socket])
        except BaseException as failure:  # start() raises it
            self._server.failure = failure
        finally:
            self._server.ready.set()


class _Server(uvicorn.Server):
    """uvicorn's server, with an event for its start."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = threading.Event()
        self.failure: BaseException | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.ready.set()

    @contextlib.contextmanager
    def capture_signals(self):  # type: ignore[no-untyped-def]
        yield  # signals belong to the program that starts the servers


class _Protocol(H11Protocol):
    """Closes connections whose requests do not arrive, and lets an app abort its connection.

    `request.state.drop_connection()` aborts it, which ASGI has no message for.
    """

    _head_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.app_state = {**self.app_state, "drop_connection": transport.abort}
        self._head_timer = self.loop.call_later(_HEAD_SECONDS, transport.abort)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        is_incomplete = self.conn.their_state is h11.IDLE and self.conn.trailing_data[0] != b""
        if is_incomplete and self._head_timer is None:
            self._head_timer = self.loop.call_later(_HEAD_SECONDS, self.transport.abort)
        elif not is_incomplete:
            self._stop_head_timer()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_head_timer()
        super().connection_lost(exc)

    def _stop_head_timer(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None


class LoopbackOnly:
    """Passes on requests of this machine's own programs; answers 403 to others."""

    def __init__(self, app: ASGIApp, *, any_origin: bool = False) -> None:
        self._app = app
        self._any_origin = any_origin
        self.failure: BaseException | None = None
        """Why the app did not start: uvicorn reports only that it did not."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            try:
                await self._app(scope, receive, send)
            except BaseException as failure:
                self.failure = failure
                raise
            return
        if scope["type"] == "http":
            refusal = self._refusal(
                {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
            )
            if refusal:
                await _send_refusal(send, refusal)
                return

            async def send_to_reader(message: Message) -> None:
                try:
                    async with asyncio.timeout(UNREAD_SECONDS):
                        await send(message)
                except TimeoutError:
                    scope["state"]["drop_connection"]()
                    raise OSError("the client does not read the response") from None

            await self._app(scope, receive, send_to_reader)
            return
        await self._app(scope, receive, send)

    def _refusal(self, headers: dict[str, str]) -> str | None:
        host = headers.get("host", "")
        if not is_loopback(host):
            return (
                "The emulator executes code, so it answers only to loopback names. "
                f"The Host header was '{host[:200]}'; call it as http://127.0.0.1 or http://localhost."
            )
        origin = None if self._any_origin else headers.get("origin")
        if origin is not None and (urlsplit(origin).scheme not in ("http", "https") or urlsplit(origin).netloc != host):
            return (
                f"The emulator executes code, so it refuses requests from pages of other sites. The Origin header was "
                f"'{origin[:200]}'; send the request from a program, or from a page that the emulator serves."
            )
        return None


def is_loopback(host: str) -> bool:
    """True for a Host header that names this machine: localhost, 127.0.0.0/8 or [::1], with any port."""
    try:
        name = urlsplit(f"//{host}").hostname or ""
        return name == "localhost" or ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


async def _send_refusal(send: Send, message: str) -> None:
    body = json.dumps({"error": {"code": "Forbidden", "message": message}}).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 403, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _listen(port: int) -> socket.socket:
    # asyncio sets TCP_NODELAY only if the protocol is given; without it, a keep-alive call takes 40 ms.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    # On Windows, SO_REUSEADDR would let two programs use the same port.
    listener.setsockopt(socket.SOL_SOCKET, getattr(socket, "SO_EXCLUSIVEADDRUSE", socket.SO_REUSEADDR), 1)
    try:
        listener.bind(("127.0.0.1", port))
    except (OSError, OverflowError) as refusal:
        listener.close()
        if isinstance(refusal, OSError) and refusal.errno == errno.EADDRINUSE:
            raise PortInUse(port) from None
        raise PortInUse(port, f"is not available ({refusal})") from None
    listener.listen(1024)
    return listener
