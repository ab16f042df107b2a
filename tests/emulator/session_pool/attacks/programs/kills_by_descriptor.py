"""Sends signals through descriptors of processes, and takes their memory away."""

import signal

import target

for pid in target.strangers():
    handle, _ = target.call("pidfd_open", pid, 0)
    if handle < 0 or pid not in target.PIDS:
        continue
    target.call("pidfd_send_signal", handle, signal.SIGURG, 0, 0)
    target.call("pidfd_send_signal", handle, signal.SIGKILL, 0, 0)
    if target.call("process_mrelease", handle, 0)[0] >= 0:
        target.breached(f"released the memory of {pid}")
target.tried()
