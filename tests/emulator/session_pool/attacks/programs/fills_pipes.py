"""Fills the buffers of as many pipes as it can make, each as large as it may be."""

import fcntl
import os

import target

held = []
taken = 0
block = bytes(1 << 16)
for _ in range(20):  # children hold descriptors too
    try:
        while taken < 1 << 30:
            read, write = os.pipe2(os.O_NONBLOCK)
            held += [read, write]
            try:
                fcntl.fcntl(write, 1031, 1 << 20)  # F_SETPIPE_SZ
            except OSError:
                pass
            try:
                while True:
                    taken += os.write(write, block)
            except BlockingIOError:
                pass
    except OSError:
        pass
    try:
        child = os.fork()
    except OSError:
        break
    if child:
        os.wait()
        break
    for fd in held:
        os.close(fd)
    held.clear()
if taken >= 1 << 30:
    target.breached("a gibibyte lies in pipes")
target.tried()
