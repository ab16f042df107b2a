"""Accesses the machine's files through the root, the folder and the descriptors in /proc of each process."""

import os

import target

for pid in ["self", "thread-self", 1, os.getppid(), *target.strangers()]:
    for link in ("root", "cwd", "task/*/root"):
        for path in (target.HOST_FILE, f"{target.HOME}/.azure/token", f"{target.REPOSITORY}/local.settings.json"):
            target.read(f"/proc/{pid}/{link}{path}")
    for below in ("root/etc/shadow", "root/proc/1/environ", "root/mnt/data/canary"):
        target.read(f"/proc/{pid}/{below}")
target.tried()
