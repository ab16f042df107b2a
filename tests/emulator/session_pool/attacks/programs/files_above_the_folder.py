"""Leaves folders whose names may be read as path segments, for paths that lead above the data folder."""

import os

import target

for name in ("...", "..data", "%2e%2e", "..%2f", "\\..\\", "mnt", "~"):
    os.makedirs(f"/mnt/data/{name}", exist_ok=True)
target.tried()
