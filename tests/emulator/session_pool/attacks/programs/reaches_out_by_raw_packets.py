"""Makes sockets that write packets past TCP and UDP."""

import socket

import target

kinds = [(socket.AF_PACKET, socket.SOCK_RAW, 0x0300), (socket.AF_PACKET, socket.SOCK_DGRAM, 0x0300)]
kinds += [(family, socket.SOCK_RAW, 255) for family in (socket.AF_INET, socket.AF_INET6)]
kinds += [(socket.AF_INET, kind, socket.IPPROTO_ICMP) for kind in (socket.SOCK_RAW, socket.SOCK_DGRAM)]
for family, kind, protocol in kinds:
    try:
        socket.socket(family, kind, protocol).close()
    except OSError:
        continue
    target.breached(f"has a socket of family {family}, type {kind}, protocol {protocol}")
target.tried()
