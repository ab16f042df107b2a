"""Truncates a file repeatedly while it is downloaded."""

import target

for number in target.until(2):
    with open("/mnt/data/shrinks", "wb") as file:
        file.truncate((16 << 20) if number % 2 else 10)
target.tried()
