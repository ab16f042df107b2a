"""Reads the kernel's log, by its device, its file and its system call."""

import ctypes
import os

import target

for path in ("/dev/kmsg", "/proc/kmsg"):
    try:
        os.close(os.open(path, os.O_RDONLY | os.O_NONBLOCK))
    except OSError:
        continue
    target.breached(f"opened {path}")
target.attempt("syslog", 3, ctypes.create_string_buffer(4096), 4096)
target.tried()
