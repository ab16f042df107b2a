"""Reads the environment and the command line of every process that it can see or knows."""

import os

import target

for pid in ["self", 1, os.getppid(), *target.strangers()]:
    for name in ("environ", "cmdline", "auxv", "maps", "stack", "syscall"):
        data = target.read(f"/proc/{pid}/{name}")
        if name == "cmdline" and pid in target.PIDS and b"emulator.session_pool\0--port" in data:
            target.breached("sees the server's command line")
for name, value in os.environ.items():
    target.tell(f"{name}={value}".encode())
target.tried()
