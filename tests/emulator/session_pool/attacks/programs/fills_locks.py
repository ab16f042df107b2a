"""Locks as many parts of files as the kernel has memory for."""

import fcntl
import os

import target

with open("/mnt/data/locked", "wb") as file:
    taken = 0
    try:
        for number in target.until(8):
            fcntl.lockf(file, fcntl.LOCK_EX, 1, 2 * number)
            taken += 1
            if taken > 100_000:
                break
    except OSError:
        pass
    if taken > 100_000:
        target.breached("holds 100,000 locks")
os.unlink("/mnt/data/locked")
target.tried()
