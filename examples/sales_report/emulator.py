"""Runs the emulator for the duration of the demo. Knows only its command line and its output."""

import contextlib
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from examples.sales_report.calls import DemoFailed
from examples.sales_report.transcript import say

REPOSITORY = Path(__file__).resolve().parents[2]
COMMAND = [sys.executable, "-m", "emulator", "--port", "0", "--pool-port", "0"]


@dataclass(frozen=True)
class Emulator:
    """`announced` is what it has printed: the first word of a line, and the second."""

    process_id: int
    announced: dict[str, str]

    @property
    def api_url(self) -> str:
        return self.announced["connector"]


@contextlib.contextmanager
def running(*options: str) -> Iterator[Emulator]:
    """Start the emulator on free ports, and always stop it."""
    # In a process group of its own: Ctrl-C then reaches only the demo, which stops the emulator cleanly.
    process = subprocess.Popen([*COMMAND, *options], cwd=REPOSITORY, stdout=subprocess.PIPE, text=True, process_group=0)
    try:
        assert process.stdout is not None
        announced = wait_until_ready(process.stdout)
        threading.Thread(target=drain, args=[process.stdout], daemon=True).start()
        yield Emulator(process.pid, announced)
    finally:
        stop(process)


def wait_until_ready(lines: IO[str]) -> dict[str, str]:
    """Print the emulator's output up to `ready`, and return the first two words of each line."""
    announced: dict[str, str] = {}
    for line in lines:
        say(f"    {line.strip()}")
        match line.split():
            case ["ready"] if "connector" in announced:
                return announced
            case [name, value, *_]:
                announced[name] = value
    raise DemoFailed("the emulator exited before it was ready. Its output above has the reason.")


def drain(lines: IO[str]) -> None:
    """Read to the end: a process blocks when the pipe that it writes to is full."""
    for _ in lines:
        pass


def stop(process: subprocess.Popen[str]) -> None:
    """Stop the emulator as Ctrl-C would, then by stronger signals if it does not exit within five seconds."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGKILL):
        process.send_signal(number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=5)
            return
