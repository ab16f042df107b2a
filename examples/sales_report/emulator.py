"""An emulator that lives as long as the demo needs it. Knows its command line and what it prints, no more."""

import contextlib
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from examples.sales_report.calls import DemoFailed
from examples.sales_report.transcript import say

REPOSITORY = Path(__file__).resolve().parents[2]
COMMAND = [sys.executable, "-m", "emulator", "--port", "0", "--pool-port", "0"]


@contextlib.contextmanager
def running() -> Iterator[str]:
    """Start the emulator on free ports, give the address of its connector's API, and end it, come what may."""
    # In a process group of its own a Ctrl-C reaches only the demo, which then ends the emulator in good order.
    process = subprocess.Popen(COMMAND, cwd=REPOSITORY, stdout=subprocess.PIPE, text=True, process_group=0)
    try:
        assert process.stdout is not None
        api_url = wait_until_ready(process.stdout)
        threading.Thread(target=drain, args=[process.stdout], daemon=True).start()
        yield api_url
    finally:
        end(process)


def wait_until_ready(lines: IO[str]) -> str:
    """Show the emulator's lines up to `ready`, and return the address in the one that begins with `connector`."""
    api_url = None
    for line in lines:
        say(f"    {line.strip()}")
        match line.split():
            case ["connector", address]:
                api_url = address
            case ["ready"] if api_url is not None:
                return api_url
    raise DemoFailed("the emulator ended before it was ready; what it wrote above says why.")


def drain(lines: IO[str]) -> None:
    """Read on to the end, because a process blocks once nobody empties the pipe that it writes to."""
    for _ in lines:
        pass


def end(process: subprocess.Popen[str]) -> None:
    """Ask the emulator to stop as Ctrl-C would, and insist if it does not within five seconds."""
    for request in (signal.SIGINT, signal.SIGTERM, signal.SIGKILL):
        process.send_signal(request)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=5)
            return
