"""A way to the session pool that can be switched: it passes on, accepts connections without ever responding, responds
with 503, or refuses connections. So a pool can go down and come back during a benchmark, at the same address.
"""

import contextlib
import socket
import threading
from typing import Literal
from urllib.parse import urlsplit

State = Literal["passes on", "never responds", "responds with 503", "refuses"]

_UNAVAILABLE = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


class SwitchedPool:
    """Listens on 127.0.0.1 from its construction to `close`."""

    def __init__(self, pool_url: str) -> None:
        address = urlsplit(pool_url)
        self._target = (str(address.hostname), int(address.port or 80))
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._port: int = self._listening.getsockname()[1]
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._state: State = "passes on"
        self.url = address._replace(netloc=f"127.0.0.1:{self._port}").geturl()
        threading.Thread(target=self._accept, args=(self._listening,), daemon=True).start()

    def switch(self, state: State) -> None:
        """Also ends the connections of the state before."""
        if state == "refuses":
            self._stop_listening()
        elif self._state == "refuses":
            self._listening = socket.create_server(("127.0.0.1", self._port))
            threading.Thread(target=self._accept, args=(self._listening,), daemon=True).start()
        self._state = state
        self._end_connections()

    def close(self) -> None:
        self._stop_listening()
        self._end_connections()

    def _stop_listening(self) -> None:
        with contextlib.suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)  # wakes the thread in accept
        self._listening.close()

    def _end_connections(self) -> None:
        with self._lock:
            connections, self._open = self._open, set()
        for connection in connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def _accept(self, listening: socket.socket) -> None:
        while True:
            try:
                client, _ = listening.accept()
            except OSError:
                return
            with self._lock:
                self._open.add(client)
            if self._state == "responds with 503":
                threading.Thread(target=self._respond, args=(client,), daemon=True).start()
            elif self._state == "passes on":
                pool = socket.create_connection(self._target)
                with self._lock:
                    self._open.add(pool)
                for source, sink in ((client, pool), (pool, client)):
                    threading.Thread(target=self._pass_on, args=(source, sink), daemon=True).start()

    def _respond(self, client: socket.socket) -> None:
        with contextlib.suppress(OSError):
            client.recv(1 << 16)
            client.sendall(_UNAVAILABLE)
            client.shutdown(socket.SHUT_WR)
            while client.recv(1 << 16):  # closed with unread bytes, the connection would be reset
                pass
        client.close()

    def _pass_on(self, source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(1 << 16):
                sink.sendall(data)
        with contextlib.suppress(OSError):
            sink.shutdown(socket.SHUT_RDWR)
