"""Forks endlessly, and so does each fork."""

import os
import time

import target

read, write = os.pipe()
for _ in range(9):  # doubled each time: 512 at the most
    try:
        if os.fork() == 0:
            os.write(write, b"x")
    except OSError:
        time.sleep(0.01)
if os.getpid() != os.getpgid(0):
    time.sleep(30)
    os._exit(0)
os.set_blocking(read, False)
started = 0
for _ in target.until(2):
    try:
        started += len(os.read(read, 4096))
    except BlockingIOError:
        time.sleep(0.05)
    if started > 400:
        target.breached("has more than 400 processes")
        break
target.tried()
