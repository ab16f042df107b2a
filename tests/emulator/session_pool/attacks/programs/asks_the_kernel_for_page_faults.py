"""Tries to handle page faults itself, which helps to win races in the kernel."""

import os

import target

for flags in (0, 1, os.O_CLOEXEC | os.O_NONBLOCK | 1):
    target.attempt("userfaultfd", flags)
try:
    os.close(os.open("/dev/userfaultfd", os.O_RDWR))
    target.breached("opened /dev/userfaultfd")
except OSError:
    pass
target.tried()
