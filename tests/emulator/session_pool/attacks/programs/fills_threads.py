"""Starts endless threads."""

import threading

import target

stop = threading.Event()
started = 0
try:
    for _ in range(3000):
        threading.Thread(target=stop.wait, args=(20,), daemon=True).start()
        started += 1
except (RuntimeError, MemoryError):
    pass
if started > 1500:
    target.breached("has more than 1,500 threads")
stop.set()
target.tried()
