"""Types into terminals."""

import fcntl
import os

import target

paths = ["/dev/tty", "/dev/console", "/dev/pts/0", "/dev/pts/1", "/proc/1/fd/0", "/proc/1/fd/1"]
ends = []
try:
    ends = list(os.openpty())
except OSError:
    pass
for path in paths:
    try:
        ends.append(os.open(path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK))
    except OSError:
        continue
for fd in [0, 1, 2, *ends]:
    for request in (0x5412, 0x541C):
        for high in (0, 1 << 32):
            try:
                fcntl.ioctl(fd, request | high, b"x")
            except (OSError, OverflowError, ValueError):
                continue
            target.breached(f"typed into descriptor {fd}")
target.tried()
