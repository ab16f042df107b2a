"""Removes all permissions of its files and folders, and makes them immutable."""

import fcntl
import os

import target

os.makedirs("/mnt/data/closed/below")
for name in ("none", "closed/below/x", "sticky"):
    open(f"/mnt/data/{name}", "w").write("x")
fd = os.open("/mnt/data/none", os.O_RDONLY)
for flags in (0x10, 0x20):  # immutable, append-only
    try:
        fcntl.ioctl(fd, 0x4008_6602, flags.to_bytes(8, "little"))
        target.breached("made a file unchangeable")
        fcntl.ioctl(fd, 0x4008_6602, bytes(8))
    except OSError:
        pass
os.chmod("/mnt/data/none", 0)
os.chmod("/mnt/data/closed/below", 0)
os.chmod("/mnt/data/closed", 0)
os.chmod("/mnt/data", 0)
target.tried()
