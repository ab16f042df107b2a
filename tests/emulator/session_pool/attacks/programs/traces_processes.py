"""Traces processes outside its session."""

import os

import target

for pid in [os.getppid(), *target.PIDS]:
    if target.call("ptrace", 0x4206, pid, 0, 0)[0] >= 0:  # PTRACE_SEIZE, which does not stop it
        target.breached(f"traces {pid}")
    if target.call("kcmp", os.getpid(), pid, 0, 1, 1)[0] >= 0:
        target.breached(f"compares the descriptors of {pid} with its own")
target.tried()
