"""Reads passwords, logs, homes and a file that anyone may read on the machine."""

import os
import sys

import target

target.read(target.HOST_FILE)
for path in ("/etc/shadow", "/etc/sudoers", "/etc/machine-id", "/var/log/syslog", "/var/log/dpkg.log", "/root/.bashrc"):
    if target.read(path):
        target.breached(f"read {path}")
if len(target.read("/etc/passwd").splitlines()) > 3:
    target.breached("read the accounts of the machine")
for folder in ("/root", "/var/lib", "/var/log", "/boot", "/srv", "/opt", "/run", target.HOST_FOLDER):
    try:
        names = os.listdir(folder)
    except OSError:
        continue
    own = [path for path in (sys.prefix, sys.base_prefix, os.path.realpath(sys.executable)) if path.startswith(folder)]
    if names and not own:
        target.breached(f"sees {names[:3]} in {folder}")
target.tried()
