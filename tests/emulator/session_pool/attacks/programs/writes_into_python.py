"""Changes the Python installation, the packages and the emulator that all sessions run."""

import json
import os
import sys

import pandas
import target

package = os.path.dirname(os.path.abspath(sys.modules["emulator.session_pool.engines.shared.frames"].__file__))
for path in (os.__file__, json.__file__, pandas.__file__, f"{package}/frames.py", os.path.realpath(sys.executable)):
    for change in (
        lambda path: open(path, "r+b").close(),
        lambda path: open(path, "ab").close(),
        lambda path: os.chmod(path, os.stat(path).st_mode & 0o7777),
        lambda path: os.utime(path, (os.stat(path).st_atime, os.stat(path).st_mtime)),
        lambda path: os.rename(path, path),
        lambda path: os.link(path, f"{path}.{target.MARK}"),
        lambda path: os.link(path, "/tmp/linked"),
        lambda path: os.setxattr(path, "user.tried", b"1"),
    ):
        try:
            change(path)
        except OSError:
            continue
        target.breached(f"changed {path}")
        for made in (f"{path}.{target.MARK}", "/tmp/linked"):
            if os.path.exists(made):
                os.unlink(made)
target.tried()
