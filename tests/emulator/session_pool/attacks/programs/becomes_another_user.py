"""Tries to become root or another user, and to gain capabilities."""

import ctypes
import os

import target

for change in (
    os.setuid,
    os.seteuid,
    os.setgid,
    os.setegid,
    lambda uid: os.setgroups([uid]),
    os.setfsuid if hasattr(os, "setfsuid") else os.setuid,
):
    for uid in (0, 2001, 61_998, 65_534):
        if uid == os.getuid():
            continue
        if os.fork() == 0:
            try:
                change(uid)
                target.breached(f"became {uid}")
            except OSError:
                pass
            os._exit(0)
        os.wait()
header = (ctypes.c_uint32 * 2)(0x2008_0522, 0)
rights = (ctypes.c_uint32 * 6)(*[0xFFFF_FFFF] * 6)
target.attempt("capset", ctypes.byref(header), ctypes.byref(rights))
status = dict(line.split(":\t", 1) for line in target.read("/proc/self/status").decode().splitlines())
for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
    if int(status.get(name, "0"), 16) and name != "CapBnd":
        target.breached(f"has rights: {name} {status[name]}")
target.tried()
