"""Joins the namespaces of other processes, by /proc and by descriptors of processes."""

import os

import target

for pid in [1, os.getppid(), "self", *target.strangers()]:
    for name in ("user", "mnt", "net", "pid", "ipc", "uts", "cgroup", "pid_for_children"):
        try:
            fd = os.open(f"/proc/{pid}/ns/{name}", os.O_RDONLY)
        except OSError:
            continue
        if os.fork() == 0:
            target.attempt("setns", fd, 0)
            os._exit(0)
        os.wait()
        os.close(fd)
    if isinstance(pid, int):
        handle, _ = target.call("pidfd_open", pid, 0)
        if handle >= 0:
            if os.fork() == 0:
                target.attempt("setns", handle, target.NEW_NAMESPACES["net"])
                target.attempt("setns", handle, target.NEW_NAMESPACES["user"] | target.NEW_NAMESPACES["mount"])
                os._exit(0)
            os.wait()
            os.close(handle)
target.tried()
