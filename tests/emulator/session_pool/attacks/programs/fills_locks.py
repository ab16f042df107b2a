"""Locks as many parts of files as the kernel has memory for."""

import fcntl
import os

import target

files = [open(f"/mnt/data/locked-{number}", "wb") for number in range(400)]  # the more in one, the longer each takes
taken = 0
try:
    for number in target.until(4):
        for file in files:
            fcntl.lockf(file, fcntl.LOCK_EX, 1, 2 * number)
            taken += 1
except OSError:
    pass
if taken > 50_000:
    target.breached(f"holds {taken:,} locks")
for file in files:
    os.unlink(file.name)
target.tried()
