"""Watches all its descriptors with as many epolls as it may have, in as many processes as that takes."""

import os
import select
import time

import target

MOST = int(target.read("/proc/sys/fs/epoll/max_user_watches") or b"1000000")
BATCH = 10_000
read, write = os.pipe()
for _ in range(60):
    try:
        if os.fork():
            continue
    except OSError:
        break
    watched = 0
    try:
        ends = [os.dup(read) for _ in range(360)]
        held = []
        while True:
            held.append(select.epoll())
            for end in ends:
                held[-1].register(end)
                watched += 1
                if watched % BATCH == 0:
                    os.write(write, b"x")
    except OSError:
        pass
    time.sleep(10)
    os._exit(0)
os.set_blocking(read, False)
watched = 0
for _ in target.until(8):
    try:
        watched += BATCH * len(os.read(read, 4096))
    except BlockingIOError:
        time.sleep(0.05)
    if watched > MOST // 2:
        target.breached(f"has {watched:,} of {MOST:,} watches")
        break
target.tried()
