"""Crashes so that the kernel writes, or hands to a program of the machine, all of its memory."""

import os
import resource
import signal

import target

try:
    resource.setrlimit(resource.RLIMIT_CORE, (resource.getrlimit(resource.RLIMIT_CORE)[1],) * 2)
except (OSError, ValueError):
    pass
child = os.fork()
if child == 0:
    os.kill(os.getpid(), signal.SIGABRT)
    os._exit(0)
if os.WCOREDUMP(os.waitpid(child, 0)[1]):
    target.breached("the kernel kept a core")
target.tried()
