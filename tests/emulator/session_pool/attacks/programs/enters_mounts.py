"""Mounts, remounts, moves and unmounts file systems, with the old system calls and the new ones."""

import target

remount, bind, private = 32, 4096, 1 << 18
for source, at, kind, flags in (
    (b"none", b"/tmp", b"tmpfs", 0),
    (b"proc", b"/mnt/data", b"proc", 0),
    (b"/", b"/mnt/data", 0, bind),
    (b"/proc", b"/mnt/data", 0, bind),
    (b"none", b"/", 0, remount | bind),
    (b"none", b"/usr", 0, remount | bind),
    (b"none", b"/", 0, private),
    (b"/dev/vda", b"/mnt/data", b"ext4", 1),
    (b"none", b"/mnt/data", b"overlay", 0),
    (b"none", b"/mnt/data", b"cgroup2", 0),
):
    target.attempt("mount", source, at, kind, flags, 0)
for at in (b"/proc", b"/mnt/data", b"/usr", b"/dev/shm", b"/tmp", b"/"):
    target.attempt("umount2", at, 2)
    target.attempt("open_tree", -100, at, 1)
    target.attempt("mount_setattr", -100, at, 0, (1).to_bytes(8, "little") + bytes(24), 32)
    target.attempt("fspick", -100, at, 0)
    target.attempt("move_mount", -100, at, -100, b"/mnt/data", 0)
for kind in (b"tmpfs", b"proc", b"sysfs", b"ext4"):
    target.attempt("fsopen", kind, 0)
target.tried()
