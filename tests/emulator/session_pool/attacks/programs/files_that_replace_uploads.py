"""Replaces files that the server is still writing by links."""

import os

import target

for _ in target.until(2):
    for name in os.listdir("/mnt/data"):
        if name.startswith("."):
            try:
                os.unlink(f"/mnt/data/{name}")
                os.symlink(target.HOST_FILE, f"/mnt/data/{name}")
            except OSError:
                pass
    try:
        os.unlink("/mnt/data/sent")
        os.symlink(target.HOST_FILE, "/mnt/data/sent")
    except OSError:
        pass
target.tried()
