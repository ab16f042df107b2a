"""How the server, the supervisor, the zygote and the sessions' inits talk: JSON and descriptors over a local socket.

Trusted processes alone are at its ends. What user code can write to are the frames of frames.py.
"""

import json
import os
import socket
from collections.abc import Sequence
from typing import Any

_LONGEST_MESSAGE = 1 << 16
_MOST_DESCRIPTORS = 16


def pair() -> tuple[socket.socket, socket.socket]:
    """Two connected ends, which keep the bounds of messages."""
    return socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)


def send(connection: socket.socket, message: dict[str, Any], fds: Sequence[int] = ()) -> None:
    """Raises OSError when the other side has ended."""
    socket.send_fds(connection, [json.dumps(message).encode()], list(fds))


def receive(connection: socket.socket) -> tuple[dict[str, Any] | None, list[int]]:
    """The next message, or None when the other side has ended. Raises OSError."""
    data, fds, _, _ = socket.recv_fds(connection, _LONGEST_MESSAGE, _MOST_DESCRIPTORS)
    for fd in fds:
        os.set_inheritable(fd, False)
    return (json.loads(data) if data else None), fds
