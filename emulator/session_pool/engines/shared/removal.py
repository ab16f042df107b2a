"""Removes a session's folder, including one whose permissions or contents its code has changed."""

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


def remove(folder: Path) -> None:
    """Code may have made folders inaccessible or deeper than Python can recurse, and left programs that write there."""
    deadline = time.monotonic() + _SECONDS
    while folder.exists() and time.monotonic() < deadline:
        if hasattr(os, "killpg"):  # a system that also has these programs
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
                if sys.version_info >= (3, 12):
                    shutil.rmtree(folder, onexc=_remove_writable)
                else:
                    shutil.rmtree(folder, onerror=_remove_writable)
        if folder.exists():
            time.sleep(0.1)  # Windows keeps a file until the process that has it open has ended


def _remove_writable(operation: Callable[..., Any], path: str, _: Any) -> None:
    """Windows does not delete read-only files."""
    with contextlib.suppress(OSError):
        os.chmod(path, 0o700)
        operation(path)
