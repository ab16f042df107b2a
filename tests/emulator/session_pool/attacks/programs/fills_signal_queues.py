"""Queues signals to itself that it never takes."""

import ctypes
import os
import signal

import target

signal.pthread_sigmask(signal.SIG_BLOCK, range(34, 64))
information = (ctypes.c_int * 32)()
queued = 0
while queued < 500_000:
    number = 34 + queued % 30
    information[0], information[2] = number, -1
    if target.call("rt_sigqueueinfo", os.getpid(), number, ctypes.byref(information))[0] < 0:
        break
    queued += 1
if queued >= 500_000:
    target.breached("half a million signals are queued")
target.tried()
