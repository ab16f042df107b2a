"""Fills the buffers of as many pipes as it can make, each as large as it may be, in several processes."""

import fcntl
import os
import time

import target

block = bytes(1 << 16)
report, reports = os.pipe()
for _ in range(20):
    try:
        if os.fork():
            continue
    except OSError:
        break
    held = []
    try:
        while True:
            read, write = os.pipe2(os.O_NONBLOCK)
            held += [read, write]
            try:
                fcntl.fcntl(write, 1031, 1 << 20)  # F_SETPIPE_SZ
            except OSError:
                pass
            try:
                while True:
                    os.write(reports, b"x" * (os.write(write, block) >> 12))
            except BlockingIOError:
                pass
    except OSError:
        pass
    time.sleep(10)
    os._exit(0)
os.set_blocking(report, False)
pages = 0
for _ in target.until(3):
    try:
        pages += len(os.read(report, 1 << 16))
    except BlockingIOError:
        time.sleep(0.05)
if pages > 50_000:
    target.breached(f"holds {pages:,} pages in pipes")
target.tried()
