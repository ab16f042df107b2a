"""Starts programs, threads and sessions that might escape the filter of system calls, and tries to remove it."""

import subprocess
import sys
import threading

import target

# PR_GET_SECCOMP, PR_GET_NO_NEW_PRIVS: 2 is a filter, 1 is that programs give no rights.
look = "import ctypes; c = ctypes.CDLL(None); print(c.prctl(21, 0, 0, 0, 0), c.prctl(39, 0, 0, 0, 0))"


def check(what: str) -> None:
    if (target.libc.prctl(21, 0, 0, 0, 0), target.libc.prctl(39, 0, 0, 0, 0)) != (2, 1):
        target.breached(f"{what} is free of the filter")


check("the interpreter")
ended = subprocess.run([sys.executable, "-I", "-c", look], capture_output=True, text=True, start_new_session=True)
if ended.stdout != "2 1\n":
    target.breached(f"a program is free of the filter: {ended.stdout}{ended.stderr}")
thread = threading.Thread(target=check, args=("a thread",))
thread.start()
thread.join()
for option, value in ((22, 0), (38, 0), (28, 0)):  # PR_SET_SECCOMP, PR_SET_NO_NEW_PRIVS, PR_SET_SECUREBITS
    if target.libc.prctl(option, value, 0, 0, 0) >= 0:
        target.breached(f"prctl {option} was let through")
# A filter that hands decisions to a listener is placed in front of the one there is.
target.attempt("seccomp", 1, 8, b"\x01" + bytes(15))
target.tried()
