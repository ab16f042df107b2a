"""Writes to standard output's descriptor without end, past Python."""

import os

while True:
    os.write(1, b"y" * 100_000)
