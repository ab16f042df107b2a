"""Makes files all over the file system."""

import os
import sys
import sysconfig

import target

places = ["/", "/usr", "/usr/local", "/usr/bin", "/etc", "/etc/cron.d", "/var", "/var/tmp", "/run", "/run/lock", "/dev"]
places += ["/dev/mqueue", "/sys", "/sys/fs/cgroup", "/proc", "/proc/self", "/mnt", "/home", "/opt", "/srv", "/root"]
places += [target.HOST_FOLDER, target.HOME, target.REPOSITORY, os.path.dirname(target.HOST_FOLDER)]
places += [sys.prefix, sys.base_prefix, sysconfig.get_path("purelib")]
for place in places:
    for make in (
        lambda path: open(path, "w").close(),
        os.mkdir,
        os.mkfifo,
        lambda path: os.symlink("nowhere", path),
    ):
        path = os.path.join(place, target.MARK)
        try:
            make(path)
        except OSError:
            continue
        if place.startswith(target.OWN_FOLDERS):
            break  # perhaps its own: whether the machine has the file is seen there
        target.breached(f"made {path}")
        os.rmdir(path) if os.path.isdir(path) and not os.path.islink(path) else os.unlink(path)
target.tried()
