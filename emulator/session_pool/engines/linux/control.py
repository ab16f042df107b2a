"""The protocol between server, supervisor, zygote and the sessions' inits: JSON and descriptors over local sockets.

Only trusted processes have such a socket; what user code can write to is the protocol of frames.py.
"""

import json
import os
import socket
from collections.abc import Sequence
from typing import Any

_MAX_MESSAGE_BYTES = 1 << 16
_MAX_DESCRIPTORS = 16


def pair() -> tuple[socket.socket, socket.socket]:
    """Two connected sockets, which preserve the boundaries of messages."""
    return socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)


def send(connection: socket.socket, message: dict[str, Any], fds: Sequence[int] = ()) -> None:
    """Raises OSError if the peer has ended."""
    socket.send_fds(connection, [json.dumps(message).encode()], list(fds))


def receive(connection: socket.socket) -> tuple[dict[str, Any] | None, list[int]]:
    """The next message, or None if the peer has ended. Raises OSError."""
    data, fds, _, _ = socket.recv_fds(connection, _MAX_MESSAGE_BYTES, _MAX_DESCRIPTORS)
    for fd in fds:
        os.set_inheritable(fd, False)
    return (json.loads(data) if data else None), fds
