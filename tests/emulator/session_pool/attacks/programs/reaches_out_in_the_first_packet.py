"""Connects by sending, which is another way through the kernel than connect."""

import socket

import target

for address, port in (("127.0.0.1", target.PORT), (target.NETWORK, target.PORT), (target.METADATA, 80)):
    try:
        with socket.socket() as out:
            out.settimeout(0.5)
            out.sendto(target.NAME.encode(), socket.MSG_FASTOPEN, (address, port))
    except OSError:
        pass
    try:
        with socket.socket() as out:
            out.settimeout(0.5)
            out.setsockopt(socket.IPPROTO_TCP, 30, 1)  # TCP_FASTOPEN_CONNECT
            out.connect((address, port))
            out.sendall(target.NAME.encode())
    except OSError:
        pass
target.tried()
