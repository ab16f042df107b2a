"""The interpreter's end of the socket to the server. Sends complete messages only, from any thread, despite signals."""

import contextlib
import os
import signal
import socket
import threading
from collections.abc import Iterator

# Signals that programs install handlers for; Python turns a mask of all signals into enum members at every call.
_HANDLED_SIGNALS = {
    getattr(signal, name)
    for name in (
        "SIGINT", "SIGTERM", "SIGHUP", "SIGALRM", "SIGVTALRM", "SIGPROF", "SIGCHLD", "SIGUSR1", "SIGUSR2",
    )
    if hasattr(signal, name)
}  # fmt: skip


@contextlib.contextmanager
def _signals_masked() -> Iterator[None]:
    blocked = signal.pthread_sigmask(signal.SIG_BLOCK, _HANDLED_SIGNALS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, blocked)


@contextlib.contextmanager
def _interrupts_postponed() -> Iterator[None]:
    """For systems that cannot mask signals. Python runs signal handlers in the main thread only."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    received: list[int] = []
    handler = signal.signal(signal.SIGINT, lambda number, _: received.append(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, handler)
        if received:
            signal.raise_signal(signal.SIGINT)


_uninterrupted = _signals_masked if hasattr(signal, "pthread_sigmask") else _interrupts_postponed


class Channel:
    """Sends messages, which messages.py has encoded, to the server."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._lock = threading.RLock()  # a signal's handler may print between two frames
        self._pid = os.getpid()

    def send(self, frame: bytes) -> None:
        with self._lock, _uninterrupted():  # an interrupt in the middle of a frame would leave a partial one
            self._connection.sendall(frame)

    @contextlib.contextmanager
    def together(self) -> Iterator[None]:
        """What is sent meanwhile stays together: no other thread's frames are in between."""
        with self._lock:
            yield

    def owned(self) -> bool:
        """False in a process that user code forked: it must not write here."""
        return os.getpid() == self._pid
