"""The first process of a session: makes its folders, keeps its interpreters, and ends what their code leaves behind.

Runs no user code itself. When an interpreter ends, a new one can be started beside the same files, and beside programs
that had left the old one's group. A session may have several interpreters, each with a name.
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


def main(server: socket.socket, walls: Level, zygote: Zygote | ZygoteProcess) -> NoReturn:
    """Call in a process of its own, once. It ends when the server hangs up."""
    try:
        os.setsid()
        _SessionInit(server, walls, zygote).serve()
    except BaseException:
        with contextlib.suppress(OSError):
            control.send(server, {"event": "failed", "why": traceback.format_exc(limit=-3)})
    finally:
        walls.kill_all()
        walls.remove()
        os._exit(0)


@dataclass(frozen=True)
class _Interpreter:
    pid: int
    report: socket.socket


class _SessionInit:
    def __init__(self, server: socket.socket, walls: Level, zygote: Zygote | ZygoteProcess) -> None:
        self._server = server
        self._walls = walls
        self._zygote = zygote
        self._process_table = walls.process_table()
        self._entrance: tuple[dict[str, str], list[int]] = ({}, [])
        self._interpreters: dict[str, _Interpreter] = {}
        self._bell = waiting.bell(LOOK)
        self._watchdog = Watchdog(walls.limits)
        self._is_in_a_hurry = False
        self._why = ""
        """Why the interpreters were ended from here, in words for the run's answer."""

    def serve(self) -> None:
        """The first request starts an interpreter: that one is forked while the folders are made."""
        request, fds = control.receive(self._server)
        if request is None:
            return
        report = self._fork(fds)
        data_fd = os.open(self._walls.make(), os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        control.send(self._server, {"event": "made"}, [data_fd])
        os.close(data_fd)
        self._entrance = self._walls.entrance()
        self._admit(request["name"], report)
        while self._take_turn():
            pass

    def _take_turn(self) -> bool:
        """Does what there is to do. False when the server has hung up."""
        reports = {interpreter.report: name for name, interpreter in self._interpreters.items()}
        sources: list[socket.socket | int] = [self._server, self._bell, *reports]
        readable = waiting.readable(sources, self._until_look())
        if self._bell in readable:
            self._is_in_a_hurry |= LOOK in waiting.answer(self._bell)
            self._zygote.reap()
        if not self._until_look():
            self._look()
        for report, name in reports.items():
            if report.fileno() in readable:
                message, _ = control.receive(report)
                self._ended(name, message["status"] if message else -signal.SIGKILL)
        return self._server.fileno() not in readable or self._take_request()

    def _until_look(self) -> float:
        return self._watchdog.seconds(hurry=self._is_in_a_hurry)

    def _look(self) -> None:
        self._is_in_a_hurry = False
        why = self._watchdog.look(self._walls.processes())
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
        """Asks for an interpreter, which then waits to be admitted. Returns where it reports."""
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
            self._tell_end(name, -signal.SIGKILL, "no process could be had for its code")

    def _ended(self, name: str, status: int) -> None:
        interpreter = self._interpreters.pop(name)
        interpreter.report.close()
        # Its group, as Jupyter does; what made itself a session of its own lives on, as long as this session.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(interpreter.pid, signal.SIGKILL)
        self._end_leftovers()
        self._tell_end(name, status, self._why)

    def _end_leftovers(self) -> None:
        """Where the session used too much, all that runs in it ends: when the last interpreter has told its end."""
        if self._why and not self._interpreters:
            self._walls.kill_all()

    def _tell_end(self, name: str, status: int, why: str) -> None:
        control.send(self._server, {"event": "ended", "name": name, "status": status, "why": why})
