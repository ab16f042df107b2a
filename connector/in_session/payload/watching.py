"""The watcher of a deferred run, as the interpreter starts and ends it. What it does is in `watcher.py`."""

from __future__ import annotations

import contextlib
import os
import select
import subprocess
import sys
import threading

from .host import getpid
from .parts import WATCHER_SOURCE

_executable, _Popen = sys.executable, subprocess.Popen
_read_reason, _set_blocking = os.read, getattr(os, "set_blocking", None)


class Watcher:
    """A new program, because the fork of a kernel with threads might hang. Raises OSError if it cannot be started."""

    def __init__(self, execution_id: str, seconds: int) -> None:
        if _set_blocking is None or not hasattr(select, "poll"):
            raise OSError("This system cannot interrupt one process from another.")
        self._process = _Popen(
            [_executable, "-I", "-S", "-c", WATCHER_SOURCE, str(getpid()), execution_id, str(seconds)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            cwd="/",
        )
        assert self._process.stdout is not None
        self._stdout = self._process.stdout
        _set_blocking(self._stdout.fileno(), False)

    def reason(self) -> str | None:
        """Why the run must stop, `canceled` or `timeout`; None if it need not."""
        try:
            reason = _read_reason(self._stdout.fileno(), 64).decode()
        except (OSError, ValueError):
            return None
        return reason or None

    def dismiss(self) -> None:
        """Ends the watcher, because the run has ended. After a quick run, it may not even have started."""
        with contextlib.suppress(Exception):
            self._process.kill()
            self._stdout.close()
        with contextlib.suppress(Exception):  # the next run does not wait for the watcher to end
            threading.Thread(target=self._process.wait, name="code-interpreter-watcher", daemon=True).start()
