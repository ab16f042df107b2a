"""Prints, and writes to the descriptors of its output, endlessly."""

import os
import threading

import target

target.tried()


def flood(fd: int) -> None:
    while True:
        os.write(fd, b"y" * 65_536)


for fd in (1, 2):
    threading.Thread(target=flood, args=(fd,), daemon=True).start()
while True:
    print("y" * 100_000)
