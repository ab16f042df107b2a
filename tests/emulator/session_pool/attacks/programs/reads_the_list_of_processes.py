"""Looks whether processes outside its session can be seen, in /proc or by their numbers."""

import os

import target

for pid in target.PIDS:
    words = target.read(f"/proc/{pid}/comm")
    if words and os.path.exists(f"/proc/{pid}/stat") and pid not in (os.getpid(), os.getppid(), 1, 2):
        target.breached(f"sees process {pid}")
for pid in range(2, 33_000):
    try:
        os.kill(pid, 0)
    except OSError:
        continue
    if pid in target.PIDS:
        target.breached(f"may send signals to {pid}")
target.tried()
