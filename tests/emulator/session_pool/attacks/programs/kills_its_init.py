"""Kills the session's init, and its parent, as far as it can see them."""

import os
import signal

import target

ancestors = [os.getppid()]
for pid in ancestors:
    for line in target.read(f"/proc/{pid}/status").decode().splitlines():
        if line.startswith("PPid:") and int(line.split()[1]) in target.PIDS:
            ancestors.append(int(line.split()[1]))
for pid in reversed(ancestors):
    for number in (signal.SIGTERM, signal.SIGCHLD, signal.SIGALRM, signal.SIGSTOP, signal.SIGSEGV, signal.SIGKILL):
        try:
            os.kill(pid, number)
        except OSError:
            pass
target.tried()
