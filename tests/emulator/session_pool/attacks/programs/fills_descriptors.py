"""Opens endless descriptors, in this process and in children of children."""

import os

import target

for _ in range(10):
    opened = 0
    try:
        while opened < 20_000:
            os.open("/dev/null", os.O_RDONLY)
            opened += 1
    except OSError:
        pass
    if opened >= 20_000:
        target.breached("a process has 20,000 descriptors")
    try:
        child = os.fork()
    except OSError:
        break
    if child:
        os.wait()
        break
    os.closerange(3, 1 << 16)
if os.getpid() == os.getpgid(0):
    target.tried()
else:
    os._exit(0)
