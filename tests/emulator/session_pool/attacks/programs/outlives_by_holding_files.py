"""Leaves processes that hold files and folders open, mapped and as their working directory."""

import mmap
import os
import time

import target

read, write = os.pipe()
for folder in target.writable_folders():
    if os.fork() == 0:
        os.setsid()
        os.chdir(folder)
        file = open("held", "w+b")
        file.write(b"x" * (1 << 20))
        file.flush()
        os.unlink("held")
        held = mmap.mmap(file.fileno(), 1 << 20)
        handle = os.open(folder, os.O_RDONLY)
        os.write(write, b"x")
        time.sleep(1000)
    os.read(read, 1)
target.tried()
