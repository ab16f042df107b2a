"""Makes a socket that leads from a virtual machine to its host."""

import os
import socket

import target

for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_SEQPACKET):
    try:
        socket.socket(40, kind).close()
    except OSError:
        continue
    target.breached(f"has a vsock of type {kind}")
for path in ("/dev/vsock", "/dev/vhost-vsock"):
    if os.access(path, os.R_OK):
        target.breached(f"may read {path}")
target.tried()
