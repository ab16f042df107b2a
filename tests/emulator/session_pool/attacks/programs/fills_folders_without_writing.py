"""Reserves room in every folder it may write to, which takes it without a single write."""

import os

import target

taken = 0
made = []
for folder in target.writable_folders():
    try:
        while taken < target.MUCH:
            made.append(os.path.join(folder, f"reserved-{len(made)}"))
            with open(made[-1], "wb") as file:
                os.posix_fallocate(file.fileno(), 0, 64 << 20)
            taken += 64 << 20
    except OSError:
        pass
if taken >= target.MUCH:
    target.breached("reserved 3 GiB")
for path in made:
    if os.path.exists(path):
        os.unlink(path)
target.tried()
