"""Connections on which nothing waits beyond its call's deadline.

The timeouts of requests and urllib3 begin anew with every byte that arrives. Here, each method of a socket that may
wait first sets its timeout to what is left of the deadline: while connecting, through proxies, in the TLS handshake,
for headers and for bodies. A connection that was ended so is closed, and not used again.

urllib3 passes timeouts from a request to its socket as numbers. These numbers know their deadline.
"""

import socket
import ssl
from typing import Any, ClassVar

import urllib3
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.util.ssl_ import create_urllib3_context

from .deadlines import Deadline

_SHORTEST_SECONDS = 0.001
"""A timeout of 0 would mean that a socket does not wait at all."""


class SecondsLeft(float):
    """The timeout of one step of a call: `step` seconds, or what is left of the deadline."""

    deadline: Deadline
    step: float

    @classmethod
    def until(cls, deadline: Deadline, step: float) -> "SecondsLeft":
        seconds = cls(max(_SHORTEST_SECONDS, min(step, deadline.left)))
        seconds.deadline, seconds.step = deadline, step
        return seconds

    def again(self) -> "SecondsLeft":
        """That of the next step."""
        return self.until(self.deadline, self.step)


class AttemptTimeout(urllib3.Timeout):
    """The timeouts of one attempt of a call."""

    def __init__(self, deadline: Deadline, *, connect: float, read: float) -> None:
        super().__init__()
        self._deadline, self._connect_step, self._read_step = deadline, connect, read

    def clone(self) -> "AttemptTimeout":
        return AttemptTimeout(self._deadline, connect=self._connect_step, read=self._read_step)

    @property
    def connect_timeout(self) -> float:
        return SecondsLeft.until(self._deadline, self._connect_step)

    @property
    def read_timeout(self) -> float:
        return SecondsLeft.until(self._deadline, self._read_step)


class _Timed(socket.socket):
    """A socket whose timeout is a SecondsLeft."""

    _timeout: float | None = None

    def settimeout(self, seconds: float | None, /) -> None:
        self._timeout = seconds
        super().settimeout(seconds)

    def gettimeout(self) -> float | None:
        """A socket for TLS takes it over from the one that it wraps, before the handshake. Must not raise there: both
        have the same descriptor.
        """
        return self._timeout.again() if isinstance(self._timeout, SecondsLeft) else super().gettimeout()

    def recv_into(self, *arguments: Any, **keywords: Any) -> int:
        self._heed_deadline()
        return super().recv_into(*arguments, **keywords)

    def recv(self, *arguments: Any, **keywords: Any) -> bytes:
        self._heed_deadline()
        return super().recv(*arguments, **keywords)

    def send(self, *arguments: Any, **keywords: Any) -> int:
        self._heed_deadline()
        return super().send(*arguments, **keywords)

    def sendall(self, *arguments: Any, **keywords: Any) -> None:
        self._heed_deadline()
        super().sendall(*arguments, **keywords)

    def _heed_deadline(self) -> None:
        """Raises TimeoutError once the deadline has passed, even if there are bytes to read."""
        if isinstance(self._timeout, SecondsLeft):
            if not self._timeout.deadline.left:
                raise TimeoutError("the deadline of the call has passed")
            super().settimeout(self._timeout.again())


class _TlsSocket(_Timed, ssl.SSLSocket):
    pass


class _Connection(HTTPConnection):
    """Its own errors are those of a request that was certainly not sent, also while a proxy or TLS is negotiated."""

    def connect(self) -> None:
        try:
            super().connect()
        except TimeoutError as failure:
            raise urllib3.exceptions.ConnectTimeoutError(self, f"no connection in time: {failure}") from failure
        except OSError as failure:
            raise urllib3.exceptions.NewConnectionError(self, f"no connection: {failure}") from failure

    def _new_conn(self) -> socket.socket:
        plain = self.connected()
        timed = _Timed(plain.family, plain.type, plain.proto, plain.detach())
        timed.settimeout(self.timeout)
        return timed

    def connected(self) -> socket.socket:
        """A socket that is connected to the host. Raises urllib3's errors."""
        return super()._new_conn()


class TlsConnection(_Connection, HTTPSConnection):
    def connect(self) -> None:
        if self.ssl_context is None:
            self.ssl_context = create_urllib3_context()
            self.ssl_context.sslsocket_class = _TlsSocket
        super().connect()


class _Connections(HTTPConnectionPool):
    ConnectionCls = _Connection


class _TlsConnections(HTTPSConnectionPool):
    ConnectionCls = TlsConnection


class Adapter(HTTPAdapter):
    """Keeps as many connections open as there are threads, and lets the kernel probe idle ones.

    A gateway silently drops connections that are idle for some minutes; a run would wait for its response in vain.
    """

    by_scheme: ClassVar[dict[str, type[HTTPConnectionPool]]] = {"http": _Connections, "https": _TlsConnections}

    def __init__(self, connections: int) -> None:
        super().__init__(pool_connections=1, pool_maxsize=connections, max_retries=urllib3.Retry(0, read=False))

    def init_poolmanager(self, *arguments: Any, **keywords: Any) -> None:
        options = [*HTTPConnection.default_socket_options, (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)]
        if hasattr(socket, "TCP_KEEPIDLE"):
            options += [(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 60), (socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 15)]
        super().init_poolmanager(*arguments, socket_options=options, **keywords)
        self.poolmanager.pool_classes_by_scheme = self.by_scheme

    def proxy_manager_for(self, *arguments: Any, **keywords: Any) -> Any:
        manager = super().proxy_manager_for(*arguments, **keywords)
        manager.pool_classes_by_scheme = self.by_scheme
        return manager
