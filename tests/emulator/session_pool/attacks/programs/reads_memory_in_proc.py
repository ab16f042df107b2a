"""Reads the memory of every process through its mem file."""

import os

import target

for pid in [os.getppid(), *target.strangers()]:
    try:
        maps = open(f"/proc/{pid}/maps").read().splitlines()
        memory = open(f"/proc/{pid}/mem", "rb", buffering=0)
    except OSError:
        continue
    for line in maps:
        start, end = (int(number, 16) for number in line.split()[0].split("-"))
        if "rw" not in line or end - start > 64 << 20:
            continue
        try:
            target.tell(os.pread(memory.fileno(), end - start, start))
        except OSError:
            break
target.tried()
