"""Keeps every processor busy in many processes, and requests priority."""

import os
import time

import target

for policy in (os.SCHED_FIFO, os.SCHED_RR):
    try:
        os.sched_setscheduler(0, policy, os.sched_param(1))
    except OSError:
        continue
    target.breached("is scheduled before all others")
try:
    os.setpriority(os.PRIO_PROCESS, 0, -10)
    target.breached("has a priority above others")
except OSError:
    pass
for _ in range(24):
    try:
        if os.fork() == 0:
            for _ in target.until(1.5):
                pass
            os._exit(0)
    except OSError:
        break
time.sleep(1.2)
target.tried()
