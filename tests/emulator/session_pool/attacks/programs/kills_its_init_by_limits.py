"""Takes from its session's init, and from what it can see, the descriptors that the next interpreter needs."""

import os
import resource
import signal

import target

for pid in {os.getppid() or 1, *target.strangers()}:
    for name in ("NOFILE", "NPROC", "FSIZE", "AS"):
        try:
            resource.prlimit(pid, getattr(resource, f"RLIMIT_{name}"), (3, 3))
        except (OSError, ValueError):
            continue
        target.breached(f"limited {name} of {pid}")
target.tried()
os.kill(os.getpid(), signal.SIGKILL)  # the next execution needs an interpreter
