"""Leaves processes that have left its group, session and parents, and ignore all signals."""

import os
import signal
import time

import target

read, write = os.pipe()
for _ in range(3):
    if os.fork() == 0:
        os.setsid()
        if os.fork():
            os._exit(0)
        os.setsid()
        for number in set(signal.valid_signals()) - {signal.SIGKILL, signal.SIGSTOP}:
            signal.signal(number, signal.SIG_IGN)
        os.write(write, b"x")
        os.closerange(0, 256)
        while True:
            time.sleep(1000)
for _ in range(3):
    os.read(read, 1)
target.tried()
