"""Sends descriptors that are never received, as many as its user may have in flight."""

import array
import socket

import target

held = []
sent = 0
try:
    while sent < 100_000:
        pair = socket.socketpair()
        held.append(pair)
        pair[0].setblocking(False)
        try:
            while sent < 100_000:
                rights = array.array("i", [pair[0].fileno()] * 253)
                pair[0].sendmsg([b"x"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, rights)])
                sent += 253
        except BlockingIOError:
            continue
except OSError:
    pass
if sent >= 100_000:
    target.breached("has 100,000 descriptors on their way")
target.tried()
