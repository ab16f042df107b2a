"""Starts endless threads, in several processes."""

import os
import threading
import time

import target

read, write = os.pipe()
stop = threading.Event()
for _ in range(4):
    try:
        if os.fork():
            continue
    except OSError:
        break
    try:
        for _ in range(1000):
            threading.Thread(target=stop.wait, args=(5,), daemon=True).start()
            os.write(write, b"x")
    except (RuntimeError, MemoryError):
        pass
    time.sleep(5)
    os._exit(0)
os.set_blocking(read, False)
started = 0
for _ in target.until(3):
    try:
        started += len(os.read(read, 4096))
    except BlockingIOError:
        time.sleep(0.05)
if started > 256:
    target.breached(f"has {started} threads")
target.tried()
