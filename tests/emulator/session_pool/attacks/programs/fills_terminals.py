"""Opens every pseudo-terminal that the machine has, in as many processes as that takes."""

import os
import time

import target

read, write = os.pipe()
for _ in range(12):
    if os.fork() == 0:
        opened = 0
        try:
            while opened < 300:
                os.openpty()
                opened += 1
                os.write(write, b"x")
        except OSError:
            pass
        time.sleep(5)
        os._exit(0)
os.set_blocking(read, False)
opened = 0
for _ in target.until(2):
    try:
        opened += len(os.read(read, 4096))
    except BlockingIOError:
        time.sleep(0.05)
if opened > 500:
    target.breached(f"has {opened} terminals")
target.tried()
