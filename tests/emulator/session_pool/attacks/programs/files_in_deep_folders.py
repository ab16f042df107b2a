"""Makes folders inside of each other, thousands of them, deeper than any path can name."""

import os

import target

os.chdir("/mnt/data")
for _ in range(3000):
    os.makedirs("d", exist_ok=True)
    os.chdir("d")
open("deep", "w").close()
os.chdir("/mnt/data")
for _ in range(40):
    os.mkdir("e" * 200)
    os.chdir("e" * 200)
os.chdir("/")
target.tried()
