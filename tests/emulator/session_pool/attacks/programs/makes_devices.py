"""Makes and opens devices: memory, disks, the console, virtual machines and networks."""

import os
import stat

import target

for name, kind, major, minor in (
    ("mem", stat.S_IFCHR, 1, 1),
    ("kmsg", stat.S_IFCHR, 1, 11),
    ("null", stat.S_IFCHR, 1, 3),
    ("vda", stat.S_IFBLK, 254, 0),
    ("sda", stat.S_IFBLK, 8, 0),
    ("fuse", stat.S_IFCHR, 10, 229),
    ("whiteout", stat.S_IFCHR, 0, 1),
):
    for folder in ("/mnt/data", "/tmp"):
        path = f"{folder}/{name}"
        try:
            os.mknod(path, kind | 0o666, os.makedev(major, minor))
            os.close(os.open(path, os.O_RDONLY | os.O_NONBLOCK))
        except OSError:
            continue
        target.breached(f"made and opened {path}")
for name in ("kvm", "fuse", "net/tun", "vhost-net", "vda", "sda", "loop-control", "mapper/control", "console", "tty0"):
    try:
        os.close(os.open(f"/dev/{name}", os.O_RDONLY | os.O_NONBLOCK))
    except OSError:
        continue
    target.breached(f"opened /dev/{name}")
target.tried()
