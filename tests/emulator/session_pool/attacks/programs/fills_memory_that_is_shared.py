"""Takes memory that is shared between processes, which limits for data do not count."""

import ctypes
import mmap
import os

import target

held = []
try:
    while len(held) * (64 << 20) < target.MUCH:
        shared = mmap.mmap(-1, 64 << 20, mmap.MAP_SHARED | mmap.MAP_ANONYMOUS)
        held.append(shared)
        if os.fork() == 0:  # each piece is touched by a process of its own
            ctypes.memset(ctypes.addressof(ctypes.c_char.from_buffer(shared)), 1, 64 << 20)
            os._exit(0)
        os.wait()
except (OSError, ValueError, MemoryError):
    pass
if len(held) * (64 << 20) >= target.MUCH:
    target.breached("took 3 GiB")
held.clear()
target.tried()
