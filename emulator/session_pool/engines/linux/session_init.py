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

_NO_PROCESS = "no process could be created for its code"


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


@dataclass
class _Interpreter:
    report: socket.socket
    pid: int = 0
    """0 until it has reported it. It may take any time: running code of the session can stop it until then."""

    must_end: bool = False

    def kill(self) -> None:
        self.must_end = True
        if self.pid:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)


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
        first = self._fork(request["name"], fds)
        data_fd = os.open(self._level.make(), os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        made = [data_fd, os.pidfd_open(os.getpid())] if self._level.has_namespaces else [data_fd]
        control.send(self._server, {"event": "made"}, made)
        control.close(made)
        self._entrance = self._level.entrance()
        if first is not None:
            self._admit(first)
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
                self._take_report(name)
        return self._server.fileno() not in readable or self._take_request()

    def _until_look(self) -> float:
        return self._watchdog.seconds(hurry=self._must_look_soon)

    def _look(self) -> None:
        self._must_look_soon = False
        why = self._watchdog.look(self._level.processes())
        if why:
            self._why = why
            for interpreter in self._interpreters.values():
                interpreter.kill()
            self._end_leftovers()

    def _take_report(self, name: str) -> None:
        interpreter = self._interpreters[name]
        try:
            message, _ = control.receive(interpreter.report)
        except OSError:
            message = None
        if message is not None and "pid" in message:
            interpreter.pid = message["pid"]
            if interpreter.must_end:
                interpreter.kill()
        else:
            self._ended(name, message["status"] if message else -signal.SIGKILL)

    def _take_request(self) -> bool:
        try:
            request, fds = control.receive(self._server)
        except control.Incomplete:
            return True  # the server sees its end of the interpreter's socket close
        if request is None:
            return False
        name = request["name"]
        if request["do"] == "start":
            self._why = ""
            started = self._fork(name, fds)
            if started is not None:
                self._admit(started)
        elif name in self._interpreters and request["do"] == "interrupt":
            self._interrupt(self._interpreters[name])
        elif name in self._interpreters:
            self._interpreters[name].kill()
        return True

    @staticmethod
    def _interrupt(interpreter: _Interpreter) -> None:
        """Its group, as Jupyter does: os.system waits for a program and ignores interrupts itself."""
        if interpreter.pid:
            with contextlib.suppress(ProcessLookupError):  # too early: it has no group yet; or too late
                os.killpg(interpreter.pid, signal.SIGINT)

    def _fork(self, name: str, fds: list[int]) -> _Interpreter | None:
        """Requests an interpreter, which then waits to be admitted."""
        try:
            ours, theirs = control.pair()
            with theirs:
                self._zygote.fork([theirs.fileno(), *fds, *self._process_table])
        except OSError:
            self._report_end(name, -signal.SIGKILL, _NO_PROCESS)
            return None
        finally:
            control.close(fds)
        self._interpreters[name] = interpreter = _Interpreter(ours)
        return interpreter

    def _admit(self, interpreter: _Interpreter) -> None:
        """Lets an interpreter into the session's namespaces, as soon as it exists."""
        with contextlib.suppress(OSError):  # it has ended, as its report states
            control.send(interpreter.report, *self._entrance)

    def _ended(self, name: str, status: int) -> None:
        interpreter = self._interpreters.pop(name)
        interpreter.report.close()
        why = self._why
        if interpreter.pid:
            # Its group, as Jupyter does; a program that has left the group continues until the session ends.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(interpreter.pid, signal.SIGKILL)
        else:
            why = why or _NO_PROCESS
        self._end_leftovers()
        self._report_end(name, status, why)

    def _end_leftovers(self) -> None:
        """If the session used too much, all its processes are killed once the last interpreter has reported its end."""
        if self._why and not self._interpreters:
            self._level.kill_all()

    def _report_end(self, name: str, status: int, why: str) -> None:
        control.send(self._server, {"event": "ended", "name": name, "status": status, "why": why})
