"""Starts processes in new namespaces, by clone."""

import os

import target

for name, flag in target.NEW_NAMESPACES.items():
    if name == "time":
        continue  # for clone, those bits are the signal at the end
    for flags in (flag, flag | target.NEW_NAMESPACES["user"]):
        pid, _ = target.call("clone", flags | 17, 0, 0, 0, 0)
        if pid == 0:
            os._exit(0)
        if pid > 0:
            target.breached(f"has a process in a new namespace for {name}")
            os.waitpid(pid, 0)
target.tried()
