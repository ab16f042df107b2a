"""Reads what the server sends, in threads, before the interpreter can."""

import os
import threading

import target


def steal(fd: int) -> None:
    os.set_blocking(fd, True)
    while True:
        try:
            os.read(fd, 1 << 16)
        except OSError:
            pass


for fd in target.sockets():
    for _ in range(4):
        threading.Thread(target=steal, args=(fd,), daemon=True).start()
target.tried()
