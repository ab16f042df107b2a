"""Leaves files that are a thousand times larger than the disk and hold nothing."""

import os

import target

for name, size in (("huge", 1 << 40), ("vast", (1 << 63) - 1), ("large", 1 << 33)):
    open(f"/mnt/data/{name}", "w").close()
    try:
        os.truncate(f"/mnt/data/{name}", size)
    except (OSError, OverflowError):
        pass
target.tried()
