"""Leaves pipes and sockets where files are expected: opening one to read waits forever."""

import os
import socket

import target

os.mkfifo("/mnt/data/pipe")
os.mkdir("/mnt/data/in")
os.mkfifo("/mnt/data/in/pipe")
os.mkfifo("/mnt/data/folder")
try:
    with socket.socket(socket.AF_UNIX) as listener:
        os.chdir("/mnt/data")
        listener.bind("socket")
except OSError:
    pass
target.tried()
