"""Leaves a process that sleeps and holds the output streams open."""

import os
import time

import target

if os.fork() == 0:
    os.setsid()
    time.sleep(1000)
    os._exit(0)
target.tried()
