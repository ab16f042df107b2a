"""Leaves a process that adopts orphans, gets no signal when its parent dies, and has descendants like it."""

import os
import time

import target

read, write = os.pipe()
if os.fork() == 0:
    for level in range(5):
        target.libc.prctl(1, 0, 0, 0, 0)  # PR_SET_PDEATHSIG
        target.libc.prctl(36, 1, 0, 0, 0)  # PR_SET_CHILD_SUBREAPER
        target.libc.prctl(4, 0, 0, 0, 0)  # PR_SET_DUMPABLE
        os.setsid() if level == 0 else None
        if os.fork():
            time.sleep(1000) if level % 2 else os._exit(0)
    os.write(write, b"x")
    time.sleep(1000)
os.read(read, 1)
target.tried()
