"""Gives files of the machine a second name in its data folder."""

import os

import target

for number, path in enumerate((target.HOST_FILE, f"{target.HOME}/.azure/token", "/etc/passwd", os.__file__)):
    try:
        os.link(path, f"/mnt/data/hard-{number}")
    except OSError:
        continue
    target.breached(f"linked {path}")
    target.read(f"/mnt/data/hard-{number}")
try:
    fd = os.open(target.HOST_FILE, os.O_PATH)
    os.link(f"/proc/self/fd/{fd}", "/mnt/data/hard", follow_symlinks=True)
    target.breached("linked an open file")
except OSError:
    pass
target.tried()
