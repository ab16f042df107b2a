"""Opens a named pipe that nobody will ever write to."""

import os

import target

target.tried()
os.mkfifo("/mnt/data/pipe-in-the-way")
while True:
    try:
        open("/mnt/data/pipe-in-the-way").read()
    except KeyboardInterrupt:
        continue
