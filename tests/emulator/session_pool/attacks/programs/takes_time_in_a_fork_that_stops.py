"""Waits for a child that has stopped itself and its group."""

import os
import signal
import time

import target

target.tried()
if os.fork() == 0:
    os.killpg(0, signal.SIGSTOP)
    time.sleep(1000)
os.waitpid(-1, 0)
