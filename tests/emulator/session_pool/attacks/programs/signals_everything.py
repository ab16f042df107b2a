"""Sends a signal to every process that it may signal."""

import os
import signal

import target

# A harmless one: if it gets out, only those that are there to be attacked take notice.
for number in (0, signal.SIGURG, signal.SIGCONT):
    try:
        os.kill(-1, number)
    except OSError:
        pass
target.tried()
