"""Leaves links to the entries of /proc that lead into another file system."""

import os

import target

for name, leads_to in (
    ("root", "/proc/self/root"),
    ("cwd", "/proc/self/cwd"),
    ("exe", "/proc/self/exe"),
    ("descriptors", "/proc/self/fd"),
    ("memory", "/proc/self/mem"),
    ("init", "/proc/1/root"),
):
    os.symlink(leads_to, f"/mnt/data/{name}")
target.tried()
