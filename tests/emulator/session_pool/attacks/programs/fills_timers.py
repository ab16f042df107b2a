"""Makes endless kernel timers."""

import ctypes

import target

made = 0
timer = ctypes.c_void_p()
while made < 500_000 and target.libc.timer_create(1, None, ctypes.byref(timer)) == 0:
    made += 1
if made >= 500_000:
    target.breached("has half a million timers")
target.tried()
