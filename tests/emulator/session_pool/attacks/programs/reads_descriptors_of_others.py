"""Opens what other processes have open, through /proc and through pidfd_getfd."""

import os

import target

for pid in [os.getppid(), 1, *target.strangers()]:
    try:
        names = os.listdir(f"/proc/{pid}/fd")
    except OSError:
        names = []
    if names and pid in target.PIDS:
        target.breached(f"sees the descriptors of {pid}")
    for name in names:
        target.read(f"/proc/{pid}/fd/{name}")
    handle, _ = target.call("pidfd_open", pid, 0)
    if handle < 0:
        continue
    for number in range(64):
        stolen, _ = target.call("pidfd_getfd", handle, number, 0)
        if stolen >= 0:
            target.breached(f"took descriptor {number} of {pid}")
            os.close(stolen)
    os.close(handle)
target.tried()
