"""The protocol between server, supervisor, zygote and the sessions' inits: JSON and descriptors over local sockets.

Only trusted processes have such a socket; what user code can write to is the protocol of frames.py. User code may
still take what a message needs to arrive, such as descriptors: a message that did not arrive completely is
`Incomplete`, which costs its sender the request, and its receiver nothing.
"""

import json
import os
import socket
from collections.abc import Sequence
from typing import Any

_MAX_MESSAGE_BYTES = 1 << 16
_MAX_DESCRIPTORS = 16


class Incomplete(OSError):
    """A part of the message, or one of its descriptors, did not arrive; what did has been dropped."""


def pair() -> tuple[socket.socket, socket.socket]:
    """Two connected sockets, which preserve the boundaries of messages."""
    return socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)


def send(connection: socket.socket, message: dict[str, Any], fds: Sequence[int] = ()) -> None:
    """Raises OSError if the peer has ended."""
    socket.send_fds(connection, [json.dumps(message).encode()], list(fds))


def receive(connection: socket.socket) -> tuple[dict[str, Any] | None, list[int]]:
    """The next message, or None if the peer has ended. Raises Incomplete, and OSError if there is none to wait for."""
    try:
        data, fds, flags, _ = socket.recv_fds(connection, _MAX_MESSAGE_BYTES, _MAX_DESCRIPTORS, socket.MSG_CMSG_CLOEXEC)
    except ConnectionResetError:  # the peer ended without reading everything
        return None, []
    if flags & (socket.MSG_CTRUNC | socket.MSG_TRUNC):
        close(fds)
        raise Incomplete("a message arrived incompletely")
    try:
        message = json.loads(data) if data else None
    except ValueError:
        close(fds)
        raise Incomplete("a message is not JSON") from None
    return message, fds


def close(fds: Sequence[int]) -> None:
    """Closes descriptors that were received or sent."""
    for fd in fds:
        os.close(fd)
