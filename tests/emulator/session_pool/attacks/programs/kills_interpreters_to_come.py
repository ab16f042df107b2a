"""Stops, limits or kills each process that appears in its session: the next interpreters, while they start."""

import os
import resource
import signal

import target

if os.fork() == 0:
    os.setsid()
    known = set(target.pids())
    number = 0
    for _ in target.until(10):
        for pid in set(target.pids()) - known:
            number += 1
            try:
                if number % 3 == 0:
                    os.kill(pid, signal.SIGSTOP)
                elif number % 3 == 1:
                    resource.prlimit(pid, resource.RLIMIT_NOFILE, (6, 6))
                else:
                    os.kill(pid, signal.SIGKILL)
            except OSError:
                pass
    os._exit(0)
target.tried()
os.kill(os.getpid(), signal.SIGKILL)
