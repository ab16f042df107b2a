"""Makes devices that never end where files are expected."""

import os
import stat

import target

for name, minor in (("zero", 5), ("full", 7), ("random", 8), ("mem", 1)):
    try:
        os.mknod(f"/mnt/data/{name}", stat.S_IFCHR | 0o666, os.makedev(1, minor))
        target.breached(f"made /mnt/data/{name}")
    except OSError:
        os.symlink(f"/dev/{name}", f"/mnt/data/{name}")
target.tried()
