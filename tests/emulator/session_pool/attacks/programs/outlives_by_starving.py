"""Leaves many busy processes that wake its init all the time, after it has tried to take priority from that."""

import os
import subprocess

import target

for pid in {os.getppid() or 1}:
    for change in (
        lambda pid: os.setpriority(os.PRIO_PROCESS, pid, 19),
        lambda pid: os.setpriority(os.PRIO_PGRP, pid, 19),
        lambda pid: os.setpriority(os.PRIO_USER, 0, 19),
        lambda pid: os.sched_setscheduler(pid, os.SCHED_IDLE, os.sched_param(0)),
        lambda pid: os.sched_setaffinity(pid, [min(os.sched_getaffinity(0))]),
    ):
        try:
            change(pid)
        except OSError:
            continue
        target.breached(f"changed how {pid} runs")
busy = ["sh", "-c", f": {target.MARK}; sleep 1; while :; do kill -ALRM {os.getppid() or 1}; done"]
try:
    for _ in range(100):
        subprocess.Popen(busy, start_new_session=True)
except OSError:
    pass
target.tried()
