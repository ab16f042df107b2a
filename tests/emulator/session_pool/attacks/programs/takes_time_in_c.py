"""Sleeps in a function of C's, with all signals blocked, in a loop of C's."""

import ctypes

import target

target.tried()
libc = ctypes.PyDLL(None)  # keeps the interpreter's lock, so that no other thread runs
full = (ctypes.c_ulong * 16)(*[0xFFFF_FFFF_FFFF_FFFF] * 16)
libc.sigprocmask(0, ctypes.byref(full), None)
while True:
    libc.sleep(1000)
