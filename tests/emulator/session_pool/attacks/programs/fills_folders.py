"""Writes into every folder it may write to until there is no more room, in many files."""

import os

import target

block = bytes(8 << 20)
for folder in target.writable_folders():
    taken = 0
    made = []
    try:
        while taken < 1200 << 20:  # more than any of its folders may hold
            made.append(os.path.join(folder, f"full-{len(made)}"))
            with open(made[-1], "wb", buffering=0) as file:
                for _ in range(15):
                    if (written := file.write(block)) < len(block):
                        raise OSError
                    taken += written
        target.breached(f"wrote {taken >> 20} MiB into {folder}")
    except OSError:
        pass
    for path in made:
        if os.path.exists(path):
            os.unlink(path)
    if taken >= 1200 << 20:
        break
target.tried()
