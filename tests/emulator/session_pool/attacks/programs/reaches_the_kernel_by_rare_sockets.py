"""Makes sockets of every family, also with a number that only looks like an allowed one."""

import ctypes
import platform
import socket

import target

number = 198 if platform.machine() == "aarch64" else 41
allowed = {socket.AF_UNIX, socket.AF_INET, socket.AF_INET6}
for family in set(range(64)) - allowed:
    for kind in (1, 2, 3, 5):
        for high in (0, 1 << 32):
            fd = target.libc.syscall(ctypes.c_long(number), ctypes.c_long(family | high), ctypes.c_long(kind), 0)
            if fd >= 0:
                target.breached(f"has a socket of family {family}, type {kind}")
            fd = target.libc.socketpair(family, kind, 0, (ctypes.c_int * 2)())
            if fd >= 0:
                target.breached(f"has a pair of sockets of family {family}, type {kind}")
target.tried()
