"""Raises its limits, or finds that it has none."""

import os
import resource

import target

for name in ("AS", "NPROC", "NOFILE", "FSIZE", "CORE", "DATA", "STACK", "MEMLOCK", "SIGPENDING", "MSGQUEUE", "RTPRIO"):
    which = getattr(resource, f"RLIMIT_{name}", None)
    if which is None:
        which = {"SIGPENDING": 11, "MSGQUEUE": 12, "RTPRIO": 14}[name]
    _, hard = resource.getrlimit(which)
    if hard == resource.RLIM_INFINITY:
        if name in ("AS", "NPROC"):
            target.breached(f"there is no limit {name}")
        continue
    for higher in (hard + 1, resource.RLIM_INFINITY):
        try:
            resource.setrlimit(which, (hard, higher))
        except (OSError, ValueError):
            continue
        target.breached(f"raised the limit {name}")
try:
    os.nice(-5)
    target.breached("has a priority above others")
except OSError:
    pass
target.tried()
