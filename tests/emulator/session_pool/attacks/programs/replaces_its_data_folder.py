"""Replaces its data folder by a link to a folder of the machine."""

import os

import target

data = os.open("/mnt/data", os.O_RDONLY)
paths = {"/mnt/data"}
try:
    paths.add(os.readlink(f"/proc/self/fd/{data}"))
except OSError:
    pass
paths.add(os.path.join(os.path.dirname(os.getcwd()), "data"))
for path in paths:
    for change in (
        lambda path: os.rename(path, path + "-away"),
        os.rmdir,
        lambda path: os.symlink(target.HOST_FOLDER, path),
    ):
        try:
            change(path)
        except OSError:
            pass
target.tried()
