"""Connects with multipath TCP, SCTP, DCCP, UDP-Lite and SMC, which rules for TCP may forget."""

import socket

import target

for kind, protocol in ((socket.SOCK_STREAM, 262), (socket.SOCK_STREAM, 132), (6, 33), (socket.SOCK_DGRAM, 136)):
    for address, port in (("127.0.0.1", target.PORT), (target.NETWORK, target.PORT), (target.METADATA, 80)):
        try:
            with socket.socket(socket.AF_INET, kind, protocol) as out:
                out.settimeout(0.5)
                out.connect((address, port))
                out.sendall(target.NAME.encode())
        except OSError:
            pass
try:
    with socket.socket(43, socket.SOCK_STREAM) as out:  # AF_SMC
        out.settimeout(0.5)
        out.connect(("127.0.0.1", target.PORT))
        out.sendall(target.NAME.encode())
except OSError:
    pass
target.tried()
