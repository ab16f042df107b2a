"""Asks to handle page faults itself, with which races in the kernel are won."""

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
