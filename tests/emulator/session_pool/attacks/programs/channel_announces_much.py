"""Announces a message of four gibibytes, and begins it."""

import os

import target

target.tried()
for fd in target.sockets():
    try:
        os.write(fd, b"\xff\xff\xff\xff" + b"x" * 100_000)
    except OSError:
        pass
