"""The first process of a session: it creates the folders, manages the interpreters, and ends leftover processes.

It runs no user code itself. When an interpreter ends, a new one can be started with the same files, next to programs
that have left the old one's process group. A session may have several interpreters, each with a name.
"""

import contextlib
import os
import signal
import socket
import traceback
from dataclasses import dataclass
from typing import NoReturn

from . import control, waiting
from .isolation import Level
from .watchdog import LOOK, Watchdog
from .zygote import Zygote, ZygoteProcess


def main(server: socket.socket, level: Level, zygote: Zygote | ZygoteProcess) -> NoReturn:
    """Call once, in a separate process, which ends when the server closes the socket."""
    try:
        os.setsid()
        _SessionInit(server, level, zygote).serve()
    except BaseException:
        with contextlib.suppress(OSError):
            control.send(server, {"event": "failed", "why": traceback.format_exc(limit=-3)})
    finally:
        level.kill_all()
        level.remove()
        os._exit(0)


@dataclass(frozen=True)
class _Interpreter:
    pid: int
    report: socket.socket


class _SessionInit:
    def __init__(self, server: socket.socket, level: Level, zygote: Zygote | ZygoteProcess) -> None:
        self._server = server
        self._level = level
        self._zygote = zygote
        self._process_table = level.process_table()
        self._entrance: tuple[dict[str, str], list[int]] = ({}, [])
        self._interpreters: dict[str, _Interpreter] = {}
        self._bell = waiting.bell(LOOK)
        self._watchdog = Watchdog(level.limits)
        self._must_look_soon = False
        self._why = ""
        """Why this process killed the interpreters, as a sentence for the execution's result."""

    def serve(self) -> None:
        """The first request starts an interpreter, which is forked while the folders are created."""
        request, fds = control.receive(self._server)
        if request is None:
            return
        report = self._fork(fds)
        data_fd = os.open(self._level.make(), os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        control.send(self._server, {"event": "made"}, [data_fd])
        os.close(data_fd)
        self._entrance = self._level.entrance()
        self._admit(request["name"], report)
        while self._handle_events():
            pass

    def _handle_events(self) -> bool:
        """Handles what has happened. False when the server has closed the socket."""
        reports = {interpreter.report: name for name, interpreter in self._interpreters.items()}
        sources: list[socket.socket | int] = [self._server, self._bell, *reports]
        readable = waiting.readable(sources, self._until_look())
        if self._bell in readable:
            self._must_look_soon |= LOOK in waiting.answer(self._bell)
            self._zygote.reap()
        if not self._until_look():
            self._look()
        for report, name in reports.items():
            if report.fileno() in readable:
                message, _ = control.receive(report)
                self._ended(name, message["status"] if message else -signal.SIGKILL)
        return self._server.fileno() not in readable or self._take_request()

    def _until_look(self) -> float:
        return self._watchdog.seconds(hurry=self._must_look_soon)

    def _look(self) -> None:
        self._must_look_soon = False
        why = self._watchdog.look(self._level.processes())
        if why:
            self._why = why
            for interpreter in self._interpreters.values():
                self._kill(interpreter)
            self._end_leftovers()

    def _take_request(self) -> bool:
        request, fds = control.receive(self._server)
        if request is None:
            return False
        name = request["name"]
        if request["do"] == "start":
            self._why = ""
            self._admit(name, self._fork(fds))
        elif name in self._interpreters and request["do"] == "interrupt":
            # Its group, as Jupyter does: os.system waits for a program and ignores interrupts itself.
            with contextlib.suppress(ProcessLookupError):  # too early: it has no group yet; or too late
                os.killpg(self._interpreters[name].pid, signal.SIGINT)
        elif name in self._interpreters:
            self._kill(self._interpreters[name])
        return True

    @staticmethod
    def _kill(interpreter: _Interpreter) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(interpreter.pid, signal.SIGKILL)

    def _fork(self, fds: list[int]) -> socket.socket:
        """Requests an interpreter, which then waits to be admitted. Returns the socket on which it reports."""
        ours, theirs = control.pair()
        self._zygote.fork([theirs.fileno(), *fds, *self._process_table])
        theirs.close()
        for fd in fds:
            os.close(fd)
        return ours

    def _admit(self, name: str, report: socket.socket) -> None:
        """Lets an interpreter into the session's namespaces."""
        try:
            control.send(report, *self._entrance)
            message, _ = control.receive(report)
        except OSError:
            message = None
        if message is not None:
            self._interpreters[name] = _Interpreter(message["pid"], report)
        else:
            report.close()
            self._report_end(name, -signal.SIGKILL, "no process could be created for its code")

    def _ended(self, name: str, status: int) -> None:
        interpreter = self._interpreters.pop(name)
        interpreter.report.close()
        # Its group, as Jupyter does; a program that has left the group continues until the session ends.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(interpreter.pid, signal.SIGKILL)
        self._end_leftovers()
        self._report_end(name, status, self._why)

    def _end_leftovers(self) -> None:
        """If the session used too much, all its processes are killed once the last interpreter has reported its end."""
        if self._why and not self._interpreters:
            self._level.kill_all()

    def _report_end(self, name: str, status: int, why: str) -> None:
        control.send(self._server, {"event": "ended", "name": name, "status": status, "why": why})
