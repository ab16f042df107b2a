"""Takes memory as files that are in no folder, including secret memory."""

import os

import target

held = []
taken = 0
block = bytes(16 << 20)
try:
    while taken < target.MUCH:
        fd = os.memfd_create("held")
        held.append(fd)
        for _ in range(16):
            taken += os.write(fd, block)
except OSError:
    pass
if taken >= target.MUCH:
    target.breached("took 3 GiB")
fd, _ = target.call("memfd_secret", 0)
if fd >= 0:
    target.breached("has secret memory")
for fd in held:
    os.close(fd)
target.tried()
