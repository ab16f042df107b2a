"""The program in a process of a Shell session: it runs each command as a separate program, in the data folder.

It takes the place of the interpreter. What the commands write goes straight to the two pipes that the server reads.
Nothing is kept from one command to the next except files.
"""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from typing import Any, BinaryIO

from . import frames, marks
from .data_rules import DATA

_SHELL = "/bin/bash"


class Program:
    """Nothing needs to be imported before the fork."""

    def __init__(self, *, own_group: bool = True) -> None:
        """`own_group` makes each command the leader of a process group, so that an interrupt ends all of the group.

        False where the session's process is itself ended with its group, and other groups would be overlooked.
        """
        self._own_group = own_group

    def serve(self, connection: socket.socket, streams: Sequence[int]) -> None:
        """Runs each request that comes from the server until it hangs up. Call once, in the session's process.

        `streams` are descriptors of its standard output and standard error, for the marks.
        """
        os.chdir(DATA)
        reader = frames.Reader(of_requests=True)

        def send(request: frames.Message, kind: str, **content: Any) -> None:
            connection.sendall(frames.encode({"type": kind, "parent": request["id"], "content": content}))

        while received := connection.recv(1 << 16):
            for request in reader.feed(received):
                if frames.has_expired(request):
                    send(request, "execute_reply", status="aborted")
                    continue
                with _Interruption() as interruption:
                    marks.write_mark(request, streams)
                    send(request, "status", execution_state="busy")
                    # A request without a command only checks that the process answers.
                    status = self._run(request, interruption) if "command" in request else 0
                send(request, "execute_reply", status="ok", exit_code=status)

    def _run(self, request: frames.Message, interruption: "_Interruption") -> int:
        """The program's exit code as a shell reports it: 128 plus the signal's number if one ended it."""
        command = _with_a_shell(request["command"])
        try:
            with _readable(request["input"].encode("utf-8", "replace")) as stdin:
                process = subprocess.Popen(command, stdin=stdin, start_new_session=self._own_group)
        except (OSError, ValueError) as refusal:
            # As bash does for a command that it cannot start.
            os.write(2, f"{command[0]}: {getattr(refusal, 'strerror', None) or refusal}\n".encode("utf-8", "replace"))
            return 127 if isinstance(refusal, FileNotFoundError) else 126
        interruption.ends(lambda: os.killpg(process.pid, signal.SIGKILL) if self._own_group else process.kill())
        status = process.wait()
        return status if status >= 0 else 128 - status


class _Interruption:
    """While it is entered, SIGINT ends the command, even one that is only being started. Otherwise it is ignored."""

    def __init__(self) -> None:
        self._end: Callable[[], None] | None = None
        self._is_pending = False

    def __enter__(self) -> "_Interruption":
        signal.signal(signal.SIGINT, self._interrupt)
        return self

    def __exit__(self, *_: object) -> None:
        signal.signal(signal.SIGINT, signal.SIG_IGN)

    def ends(self, end: Callable[[], None]) -> None:
        """`end` kills the command."""
        self._end = end
        if self._is_pending:
            self._interrupt()

    def _interrupt(self, *_: Any) -> None:
        self._is_pending = True
        if self._end is not None:
            with contextlib.suppress(ProcessLookupError):
                self._end()


def _readable(given: bytes) -> BinaryIO:
    """An unnamed file: writing into a pipe would block if the program does not read, or its children hold the pipe."""
    try:
        file: BinaryIO = open(os.memfd_create("stdin"), "w+b")
    except (AttributeError, OSError):  # only Linux has files in memory, and a session may not create one
        file = tempfile.TemporaryFile()
    file.write(given)
    file.seek(0)
    return file


def _with_a_shell(command: list[str]) -> list[str]:
    """The command; one for the service's shell is run by the shell that this machine has."""
    if command[0] != _SHELL or os.path.exists(_SHELL):
        return command
    return [shutil.which("bash") or shutil.which("sh") or _SHELL, *command[1:]]
