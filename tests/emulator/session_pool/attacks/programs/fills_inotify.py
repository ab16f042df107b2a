"""Takes every inotify instance and watch that its user may have, and keeps them."""

import ctypes

import target

held = []
watches = 0
while len(held) < 5000 and (fd := target.libc.inotify_init1(0)) >= 0:
    held.append(fd)
    for path in (b"/", b"/usr", b"/tmp", b"/mnt/data", b"/usr/lib", b"/usr/bin"):
        if target.libc.inotify_add_watch(fd, path, ctypes.c_uint32(0xFFF)) >= 0:
            watches += 1
if len(held) >= 5000:
    target.breached("has 5,000 inotify instances")
if watches > 10_000:
    target.breached("has 10,000 inotify watches")
target.tried()
