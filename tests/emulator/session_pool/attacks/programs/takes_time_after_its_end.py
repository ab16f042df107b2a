"""Leaves a process behind that sleeps and holds the outputs open."""

import os
import time

import target

if os.fork() == 0:
    os.setsid()
    time.sleep(1000)
    os._exit(0)
target.tried()
