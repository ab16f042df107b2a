"""Leaves its namespaces for new ones, each kind alone and together with a user namespace."""

import os

import target

for name, flag in target.NEW_NAMESPACES.items():
    for flags in (flag, flag | target.NEW_NAMESPACES["user"], flag | 1 << 40):
        if os.fork() == 0:
            if target.call("unshare", flags)[0] >= 0:
                target.breached(f"has a new namespace for {name}")
            os._exit(0)
        os.wait()
target.tried()
