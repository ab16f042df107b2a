"""Runs the commands of one session of a Shell pool: each is a program of its own, started in the data folder.

Runs inside the session's process, where the zygote expects an interpreter; what the programs write goes straight to the
two pipes that the server reads. No state is kept from one command to the next but files.
"""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
from typing import Any, BinaryIO

from . import frames
from .data_rules import DATA

_SHELL = "/bin/bash"


class Program:
    """Nothing needs to be imported before the fork."""

    def __init__(self, *, own_group: bool = True) -> None:
        """`own_group`: each command is the first of a group of processes, so that an interrupt ends all of them.

        Not where the session's process is itself ended with its group, and nobody looks for other groups.
        """
        self._own_group = own_group

    def serve(self, connection: socket.socket) -> None:
        """Runs each request that comes from the server, until it hangs up. Call in the session's process, once."""
        os.chdir(DATA)
        reader = frames.Reader()
        while received := connection.recv(1 << 16):
            for request in reader.feed(received):
                # A request without a command only asks whether somebody is there.
                status = self._run(_with_a_shell(request["command"]), request["input"]) if "command" in request else 0
                content = {"status": "ok", "exit_code": status}
                reply = {"type": "execute_reply", "parent": request["id"], "content": content}
                connection.sendall(frames.encode(reply))

    def _run(self, command: list[str], given: str) -> int:
        """The program's exit code, as a shell tells it: 128 and the signal's number when one ended it."""
        running: list[subprocess.Popen[bytes]] = []
        is_interrupted = False

        def end(*_: Any) -> None:
            nonlocal is_interrupted
            is_interrupted = True
            for process in running:
                with contextlib.suppress(ProcessLookupError):
                    if self._own_group:
                        os.killpg(process.pid, signal.SIGKILL)
                    else:
                        process.kill()

        signal.signal(signal.SIGINT, end)
        try:
            with _readable(given.encode("utf-8", "replace")) as stdin:
                process = subprocess.Popen(command, stdin=stdin, start_new_session=self._own_group)
        except (OSError, ValueError) as refusal:
            # As bash does for what it cannot start.
            os.write(2, f"{command[0]}: {getattr(refusal, 'strerror', None) or refusal}\n".encode("utf-8", "replace"))
            return 127 if isinstance(refusal, FileNotFoundError) else 126
        running.append(process)
        if is_interrupted:  # while the command was being started
            end()
        status = process.wait()
        return status if status >= 0 else 128 - status


def _readable(given: bytes) -> BinaryIO:
    """A file without a name: who writes into a pipe waits for a program that does not read, and for those it leaves."""
    try:
        file: BinaryIO = open(os.memfd_create("stdin"), "w+b")
    except (AttributeError, OSError):  # only Linux has files in memory, and a session may not be given any
        file = tempfile.TemporaryFile()
    file.write(given)
    file.seek(0)
    return file


def _with_a_shell(command: list[str]) -> list[str]:
    """The command; one for the service's shell goes to whatever shell this machine has."""
    if command[0] != _SHELL or os.path.exists(_SHELL):
        return command
    return [shutil.which("bash") or shutil.which("sh") or _SHELL, *command[1:]]
