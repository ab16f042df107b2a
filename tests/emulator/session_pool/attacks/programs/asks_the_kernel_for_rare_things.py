"""Makes system calls that few programs need, and in which holes were found."""

import ctypes
import platform

import target

for name, arguments in (
    ("lookup_dcookie", (0, 0, 0)),
    ("set_mempolicy", (0, 0, 0)),
    ("mbind", (0, 0, 0, 0, 0, 0)),
    ("move_pages", (0, 0, 0, 0, 0, 0)),
    ("personality", (0xFFFF_FFFF,)),
    ("process_madvise", (-1, 0, 0, 0, 0)),
    ("listmount", (ctypes.create_string_buffer(64), ctypes.create_string_buffer(64), 1, 0)),
    ("seccomp", (0, 0, 0)),
):
    if name != "seccomp":
        target.attempt(name, *arguments)
if platform.machine() == "x86_64":
    for name, number in (("iopl", 172), ("ioperm", 173), ("modify_ldt", 154)):
        if target.libc.syscall(ctypes.c_long(number), 0, 0, 0) >= 0:
            target.breached(f"{name} was let through")
target.attempt("vhangup")
target.tried()
