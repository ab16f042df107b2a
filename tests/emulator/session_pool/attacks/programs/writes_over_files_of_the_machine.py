"""Changes, cuts, renames and deletes a file that anyone may write on the machine."""

import os

import target

for change in (
    lambda path: open(path, "a").write("changed"),
    lambda path: os.truncate(path, 3),
    lambda path: os.chmod(path, 0o777),
    lambda path: os.utime(path, (1, 1)),
    lambda path: os.setxattr(path, "user.changed", b"1"),
    lambda path: os.link(path, path + "-linked"),
    lambda path: os.rename(path, path + "-renamed"),
    lambda path: os.unlink(path),
):
    for path in (target.HOST_FILE, f"/proc/self/root{target.HOST_FILE}", f"/proc/1/root{target.HOST_FILE}"):
        try:
            change(path)
        except OSError:
            continue
        target.breached("changed a file of the machine")
target.tried()
