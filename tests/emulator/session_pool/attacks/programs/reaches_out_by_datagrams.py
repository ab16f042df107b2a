"""Sends datagrams to the loopback, the network and the metadata address."""

import socket

import target

for address, port in (
    ("127.0.0.1", target.PORT),
    ("::1", target.PORT),
    (target.NETWORK, target.PORT),
    (target.METADATA, 80),
    (f"::ffff:{target.NETWORK}", target.PORT),
):
    for flags in (0, socket.MSG_MORE, socket.MSG_CONFIRM):
        try:
            family = socket.AF_INET6 if ":" in address else socket.AF_INET
            with socket.socket(family, socket.SOCK_DGRAM) as out:
                out.sendto(target.NAME.encode(), flags, (address, port))
                if flags == socket.MSG_MORE:
                    out.sendto(b"", (address, port))
        except OSError:
            pass
target.tried()
