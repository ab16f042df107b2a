"""Looks for the files of another session wherever they may be."""

import os

import target

places = ["/mnt", "/tmp", "/home", "/var/tmp", "/dev/shm", os.path.dirname(target.HOST_FOLDER)]
for place in [*places, *(f"/proc/{pid}/{link}" for pid in target.strangers() for link in ("cwd", "root/mnt/data"))]:
    for folder, _, files in os.walk(place, followlinks=False):
        for name in files:
            target.read(os.path.join(folder, name))
target.tried()
