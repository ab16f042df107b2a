"""Begins a message, and sends nothing more for the rest of its time."""

import os
import time

import target

target.tried()
for fd in target.sockets():
    try:
        os.write(fd, b"\x00\x00\xff\xff{")
    except OSError:
        pass
time.sleep(60)
