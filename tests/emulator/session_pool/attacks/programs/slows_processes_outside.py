"""Takes priority, processors, limits and memory from processes outside its session."""

import ctypes
import os
import resource

import target

for pid in target.PIDS:
    for change in (
        lambda pid: os.setpriority(os.PRIO_PROCESS, pid, 19),
        lambda pid: os.setpriority(os.PRIO_PGRP, pid, 19),
        lambda pid: os.sched_setaffinity(pid, os.sched_getaffinity(pid)),
        lambda pid: os.sched_setscheduler(pid, os.SCHED_IDLE, os.sched_param(0)),
        lambda pid: resource.prlimit(pid, resource.RLIMIT_CORE, resource.prlimit(pid, resource.RLIMIT_CORE)),
    ):
        try:
            change(pid)
        except (OSError, ValueError):
            continue
        target.breached(f"changed how {pid} runs")
    for name, arguments in (
        ("ioprio_set", (1, pid, 3 << 13)),
        ("migrate_pages", (pid, 0, ctypes.byref(ctypes.c_ulong()), ctypes.byref(ctypes.c_ulong()))),
        ("move_pages", (pid, 0, 0, 0, 0, 0)),
    ):
        if target.call(name, *arguments)[0] >= 0:
            target.breached(f"{name} of {pid} was let through")
target.tried()
