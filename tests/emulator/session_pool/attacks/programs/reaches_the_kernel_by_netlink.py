"""Makes netlink sockets, of every protocol that the kernel has."""

import socket

import target

for protocol in range(24):
    try:
        socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, protocol).close()
    except OSError:
        continue
    target.breached(f"has a netlink socket of protocol {protocol}")
target.tried()
