"""Locks files that the machine's own programs may lock, which then wait for the session."""

import fcntl
import os

import target

for path in (os.__file__, "/bin/sh", "/dev/null"):
    try:
        with open(path, "rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            target.breached(f"locked {path}")
    except OSError:
        continue
target.tried()
