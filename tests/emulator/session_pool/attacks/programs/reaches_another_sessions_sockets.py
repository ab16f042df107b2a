"""Connects to what another session listens on: an abstract socket, and a port of its loopback."""

import socket

import target

for family, address in (
    (socket.AF_UNIX, "\0" + target.NEIGHBOUR_SOCKET),
    (socket.AF_INET, ("127.0.0.1", 5599)),
):
    try:
        with socket.socket(family) as out:
            out.settimeout(0.5)
            out.connect(address)
            out.sendall(target.NAME.encode())
            target.tell(out.recv(4096))
            target.breached(f"connected to {address!r}")
    except OSError:
        pass
target.tried()
