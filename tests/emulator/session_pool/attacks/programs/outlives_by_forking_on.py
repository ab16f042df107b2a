"""Leaves processes that fork and end without a pause, so that a list of them is always outdated."""

import os

import target

for _ in range(8):
    if os.fork() == 0:
        os.setsid()
        while True:
            try:
                if os.fork():
                    os._exit(0)
            except OSError:
                pass
target.tried()
