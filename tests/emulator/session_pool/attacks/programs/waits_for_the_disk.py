"""Makes the machine write to its disk everything that other programs have not written yet."""

import os

import target

for name in ("syncfs", "fsync", "fdatasync"):
    if getattr(target.libc, name)(-1) == 0:
        continue  # not even a descriptor is looked at
    target.breached(f"{name} was let through")
for path in ("/usr", "/etc", "/"):
    try:
        folder = os.open(path, os.O_RDONLY)
    except OSError:
        continue
    target.libc.syncfs(folder)
    os.close(folder)
target.tried()
