"""Connects and sends to Unix sockets that have a name and no file."""

import socket

import target

try:
    with socket.socket(socket.AF_UNIX) as out:
        out.settimeout(0.5)
        out.connect("\0" + target.ABSTRACT)
        out.sendall(target.NAME.encode())
except OSError:
    pass
try:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as out:
        out.sendto(target.NAME.encode(), "\0" + target.ABSTRACT + "-datagrams")
except OSError:
    pass
target.tried()
