"""Sets the machine's name and clock, to what they are."""

import ctypes
import os

import target

name = os.uname().nodename.encode()
for call in ("sethostname", "setdomainname"):
    target.attempt(call, name, len(name))
now = (ctypes.c_long * 2)()
target.libc.clock_gettime(0, now)
if target.libc.clock_gettime(0, ctypes.byref(now)) == 0:
    target.attempt("clock_settime", 0, ctypes.byref(now))
    target.attempt("settimeofday", ctypes.byref((ctypes.c_long * 2)(now[0], now[1] // 1000)), 0)
changes = (ctypes.c_long * 26)(0x4000)  # ADJ_TICK
target.attempt("adjtimex", ctypes.byref(changes))
target.tried()
