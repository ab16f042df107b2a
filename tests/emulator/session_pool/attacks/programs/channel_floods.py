"""Sends endless tiny messages without content."""

import os
import threading

import target

target.tried()
block = target.frame(b"{}") * 10_000


def flood(fd: int) -> None:
    while True:
        os.write(fd, block)


for fd in target.sockets():
    threading.Thread(target=flood, args=(fd,), daemon=True).start()
while True:
    pass
