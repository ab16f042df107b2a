"""Holds the outputs open in processes that never end, and lets none of them read what the server sends."""

import os
import time

import target

target.tried()
for _ in range(4):
    if os.fork() == 0:
        os.setsid()
        for _ in target.until(20):
            os.write(1, b"y" * 60_000)
        time.sleep(1000)
        os._exit(0)
