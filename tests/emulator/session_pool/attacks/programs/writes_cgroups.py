"""Makes a control group with an agent that the machine would run, and looks for ways out of its own."""

import os

import target

for path in ("/sys/fs/cgroup", "/sys/fs/cgroup/memory", "/sys/fs/cgroup/unified", "/proc/self/root/sys/fs/cgroup"):
    try:
        os.mkdir(f"{path}/{target.MARK}")
        target.breached(f"made a control group in {path}")
        os.rmdir(f"{path}/{target.MARK}")
    except OSError:
        pass
    for name in ("release_agent", "cgroup.procs", "memory.max", "cgroup.subtree_control", "notify_on_release"):
        try:
            os.close(os.open(f"{path}/{name}", os.O_WRONLY))
        except OSError:
            continue
        target.breached(f"opened {path}/{name}")
target.tried()
