"""Leaves processes that have stopped, and some that wait for them."""

import os
import signal

import target

for _ in range(3):
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            os.kill(os.getppid(), signal.SIGSTOP)
            os.kill(os.getpid(), signal.SIGSTOP)
        signal.pause()
        os._exit(0)
target.tried()
