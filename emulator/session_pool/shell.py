"""Runs the commands of one session of a Shell pool: each is a program of its own, started in the data folder.

Runs inside the session's process, where the zygote expects an interpreter; what the programs write goes straight to the
two pipes that the server reads. No state is kept from one command to the next but files.
"""

import contextlib
import os
import signal
import socket
import subprocess
from typing import Any, BinaryIO

from . import confinement, frames


class Program:
    """Nothing needs to be imported before the fork."""

    def serve(self, connection: socket.socket) -> None:
        """Runs each request that comes from the server, until it hangs up. Call in the session's process, once."""
        os.chdir(confinement.DATA)
        reader = frames.Reader()
        while received := connection.recv(1 << 16):
            for request in reader.feed(received):
                status = _run(request["command"], request["input"])
                content = {"status": "ok", "exit_code": status}
                reply = {"type": "execute_reply", "parent": request["id"], "content": content}
                connection.sendall(frames.encode(reply))


def _run(command: list[str], given: str) -> int:
    """The program's exit code, as a shell tells it: 128 and the signal's number when one ended it."""
    running: list[subprocess.Popen[bytes]] = []

    def end(*_: Any) -> None:
        for process in running:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)

    signal.signal(signal.SIGINT, end)
    try:
        with _readable(given.encode("utf-8", "replace")) as stdin:
            process = subprocess.Popen(command, stdin=stdin, start_new_session=True)
    except (OSError, ValueError) as refusal:
        # As bash does for what it cannot start.
        os.write(2, f"{command[0]}: {getattr(refusal, 'strerror', None) or refusal}\n".encode("utf-8", "replace"))
        return 127 if isinstance(refusal, FileNotFoundError) else 126
    running.append(process)
    status = process.wait()
    return status if status >= 0 else 128 - status


def _readable(given: bytes) -> BinaryIO:
    """A file in memory: who writes into a pipe waits for a program that does not read, and for those it leaves."""
    file = open(os.memfd_create("stdin"), "w+b")
    file.write(given)
    file.seek(0)
    return file
