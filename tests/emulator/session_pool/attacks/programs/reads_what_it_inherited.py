"""Looks for secrets of the server in its own memory, objects, environment and descriptors."""

import gc
import os
import socket
import stat
import sys

import target

for line in open("/proc/self/maps") if os.access("/proc/self/maps", os.R_OK) else ():
    start, end = (int(number, 16) for number in line.split()[0].split("-"))
    if "rw" in line and end - start < 256 << 20:
        with open("/proc/self/mem", "rb", buffering=0) as memory:
            try:
                target.tell(os.pread(memory.fileno(), end - start, start))
            except OSError:
                pass
for name, value in os.environ.items():
    target.tell(f"{name}={value}".encode())
numbers = {found.fileno() for found in gc.get_objects() if isinstance(found, socket.socket)}
for fd in sorted(numbers | set(range(1 << 15))):
    try:
        kind = os.fstat(fd).st_mode
    except (OSError, ValueError):
        continue
    if stat.S_ISDIR(kind):
        target.breached(f"holds a folder open: {os.readlink(f'/proc/self/fd/{fd}')}")
    if stat.S_ISSOCK(kind) and socket.socket(fileno=os.dup(fd)).type == socket.SOCK_SEQPACKET:
        target.breached("holds a control socket of the zygote or of its init")
for argument in sys.orig_argv:
    target.tell(argument.encode())
target.tried()
