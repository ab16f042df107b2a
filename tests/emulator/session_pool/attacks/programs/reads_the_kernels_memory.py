"""Opens the files for the kernel's and the machine's memory."""

import os

import target

for path in ("/proc/kcore", "/dev/mem", "/dev/kmem", "/dev/port", "/proc/kpagemap", "/proc/kpageflags", "/proc/vmcore"):
    try:
        os.close(os.open(path, os.O_RDONLY))
    except OSError:
        continue
    target.breached(f"opened {path}")
for line in target.read("/proc/kallsyms", 1000).splitlines():
    if int(line.split()[0], 16):
        target.breached("knows where the kernel lies in memory")
        break
target.tried()
