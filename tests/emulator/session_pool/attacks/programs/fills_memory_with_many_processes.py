"""Takes little memory in each of many processes, so that no limit of a single one is met."""

import os
import time

import target

read, write = os.pipe()
for _ in range(32):
    try:
        if os.fork():
            continue
    except OSError:
        break
    held = []
    try:
        for _ in range(6):
            held.append(bytearray(b"x") * (16 << 20))
            os.write(write, b"x")
    except (MemoryError, OSError):
        pass
    time.sleep(60)
    os._exit(0)
os.set_blocking(read, False)
taken = 0
for _ in target.until(4):
    try:
        taken += len(os.read(read, 4096)) * (16 << 20)
    except BlockingIOError:
        time.sleep(0.05)
    if taken >= target.MUCH:
        target.breached("32 processes hold 3 GiB")
        break
target.tried()
