"""Runs the programs that give an ordinary user rights, and one of its own with the same mark."""

import os
import shutil
import subprocess

import target

for command in (
    ["su", "-c", "id -u"],
    ["sudo", "-n", "id", "-u"],
    ["pkexec", "id", "-u"],
    ["newgrp", "root"],
    ["mount", "-t", "tmpfs", "none", "/tmp"],
    ["umount", "/tmp"],
    ["newuidmap", str(os.getpid()), "0", "0", "1"],
    ["unshare", "--user", "--map-root-user", "id", "-u"],
    ["nsenter", "--target", "1", "--all", "id", "-u"],
    ["chroot", "/", "id", "-u"],
    ["crontab", "-l"],
):
    if shutil.which(command[0]) is None:
        continue
    try:
        ended = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=2)
    except (OSError, subprocess.SubprocessError):
        continue
    if ended.stdout.strip() == "0" or (ended.returncode == 0 and command[0] in ("mount", "umount", "newuidmap")):
        target.breached(f"{command[0]} gave it rights")
shutil.copy(shutil.which("id") or "/usr/bin/id", "/mnt/data/id")
try:
    os.chown("/mnt/data/id", 0, 0)
    target.breached("gave a file to root")
except OSError:
    pass
if b"NoNewPrivs:\t1" not in target.read("/proc/self/status"):
    target.breached("programs may give it rights")
target.tried()
