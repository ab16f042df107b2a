"""Connects to an address that represents the network."""

import socket

import target

for port in (target.PORT, 80, 443):
    try:
        with socket.create_connection((target.NETWORK, port), timeout=0.5) as connection:
            connection.sendall(target.NAME.encode())
            target.tell(connection.recv(4096))
    except OSError:
        pass
target.tried()
