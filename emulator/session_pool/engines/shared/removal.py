"""Removes a session's folder, whatever its code has made of it."""

import contextlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

_SECONDS = 5.0
_ON_FAILURE = "onexc" if sys.version_info >= (3, 12) else "onerror"


def remove(folder: Path) -> None:
    """Code may have closed folders, made them deeper than Python can recurse, and left programs that write there."""
    deadline = time.monotonic() + _SECONDS
    while folder.exists() and time.monotonic() < deadline:
        if hasattr(os, "killpg"):  # and so there are these programs
            for program in (["chmod", "-R", "u+rwX"], ["rm", "-rf"]):
                subprocess.run(
                    [*program, "--", str(folder)],
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                    check=False,
                )
        else:
            with contextlib.suppress(RecursionError):
                shutil.rmtree(folder, **{_ON_FAILURE: _remove_writable})  # type: ignore[arg-type]
        if folder.exists():
            time.sleep(0.1)  # Windows keeps files while a process that has them open is ending


def _remove_writable(operation: Callable[..., Any], path: str, _: Any) -> None:
    """Windows deletes no file that is read-only."""
    with contextlib.suppress(OSError):
        os.chmod(path, 0o700)
        operation(path)
