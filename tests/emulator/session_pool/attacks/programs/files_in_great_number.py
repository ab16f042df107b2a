"""Makes so many files that listing them takes the server long."""

import os

import target

os.mkdir("/mnt/data/in")
try:
    for number in range(6_000):
        os.close(os.open(f"/mnt/data/in/{number}" + "n" * 100, os.O_CREAT | os.O_WRONLY))
except OSError:
    pass
target.tried()
