"""Opens a named pipe that has no writer."""

import os

import target

target.tried()
os.mkfifo("/mnt/data/pipe-in-the-way")
while True:
    try:
        open("/mnt/data/pipe-in-the-way").read()
    except KeyboardInterrupt:
        continue
