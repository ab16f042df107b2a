"""Opens for writing, through /proc, what it holds open or has mapped for reading."""

import os
import stat

import target

paths = []
for folder in ("/proc/self/fd", "/proc/self/map_files"):
    try:
        paths += [f"{folder}/{name}" for name in os.listdir(folder)]
    except OSError:
        pass
paths.append("/proc/self/exe")
for path in paths:
    try:
        shown = os.readlink(path)
        fd = os.open(path, os.O_RDWR | os.O_NONBLOCK)
    except OSError:
        continue
    if stat.S_ISREG(os.fstat(fd).st_mode) and not shown.startswith(target.OWN_FOLDERS):
        target.breached(f"opened {shown} for writing")
    os.close(fd)
target.tried()
