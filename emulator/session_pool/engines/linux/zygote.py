"""Where interpreters are forked from: a process that has already imported all they need.

What an interpreter does is the business of the module that is named at the start: its `Program` is made once, before
the forks, and serves one interpreter's requests after each. A session's init asks for an interpreter, and is told its
pid and its end through a socket, the *report*, that is made for each.
"""

import contextlib
import gc
import importlib
import os
import resource
import socket
import traceback
from collections.abc import Sequence
from typing import NoReturn

from . import confinement, control, huge_pages, waiting
from .isolation import Level

_OPEN_FILES = 1 << 14


class Zygote:
    """Forks interpreters from the process that it is in."""

    def __init__(self, walls: Level, module: str) -> None:
        self.pid = os.getpid()
        self._walls = walls
        self._program = importlib.import_module(module).Program()
        self._reports: dict[int, socket.socket] = {}
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        self._open_files = max(soft, min(hard, _OPEN_FILES))
        resource.setrlimit(resource.RLIMIT_NOFILE, (self._open_files, hard))  # it has a report of each interpreter
        gc.collect()
        gc.freeze()  # the collector would touch, and so copy, every shared page in every session
        huge_pages.collapse()

    def fork(self, fds: Sequence[int]) -> None:
        """An interpreter. `fds`, which stay the caller's: report, connection, stdout, stderr, the process table if any.

        When no process can be had, the report is closed without a word.
        """
        report = socket.socket(fileno=os.dup(fds[0]))
        connection_fd, stdout_fd, stderr_fd, *process_table = fds[1:]
        try:
            pid = self._walls.fork_interpreter(process_table)
        except OSError:
            report.close()
            return
        if pid == 0:
            self._interpret(report, connection_fd, stdout_fd, stderr_fd)
        self._reports[pid] = report

    def reap(self) -> None:
        """Tells how interpreters ended."""
        for pid, status in waiting.reap():
            report = self._reports.pop(pid, None)
            if report is not None:
                with contextlib.suppress(OSError), report:  # its init may have ended before
                    control.send(report, {"status": os.waitstatus_to_exitcode(status)})

    def serve(self, requests: socket.socket) -> NoReturn:
        """Forks what inits ask for, until all of them and the supervisor have ended."""
        bell = waiting.bell()
        while True:
            readable = waiting.readable([requests, bell])
            if bell in readable:
                waiting.answer(bell)
                self.reap()
            if requests.fileno() in readable:
                message, fds = control.receive(requests)
                if message is None:
                    os._exit(0)
                self.fork(fds)
                for fd in fds:
                    os.close(fd)

    def _interpret(self, report: socket.socket, connection_fd: int, stdout_fd: int, stderr_fd: int) -> NoReturn:
        try:
            waiting.forget()
            control.send(report, {"pid": os.getpid()})
            admission, namespaces = control.receive(report)  # comes when the session's folders are made
            if admission is None:
                os._exit(0)
            report.close()
            self._walls.join(admission, namespaces)
            os.setsid()
            os.dup2(stdout_fd, 1)
            os.dup2(stderr_fd, 2)
            # Nothing of the zygote's or the init's stays open: not their sockets, not another session's folder.
            os.closerange(3, connection_fd)
            os.closerange(connection_fd + 1, self._open_files)
            self._walls.enter()
            self._program.serve(socket.socket(fileno=connection_fd), [os.dup(1), os.dup(2)])
        except BaseException:
            os.write(2, traceback.format_exc().encode())
        finally:
            os._exit(0)


class ZygoteProcess:
    """A zygote in a process of its own, as the supervisor and its inits see it."""

    def __init__(self, walls: Level, module: str, supervisors_own: socket.socket) -> None:
        """Returns when it can fork. Raises OSError when it has ended."""
        self._requests, requests = control.pair()
        self.pid = os.fork()
        if self.pid == 0:
            supervisors_own.close()
            self._requests.close()
            _be_zygote(walls, module, requests)
        requests.close()
        if control.receive(self._requests)[0] is None:
            raise OSError("the zygote did not start")

    def fork(self, fds: Sequence[int]) -> None:
        """As `Zygote.fork`; returns before it has happened."""
        control.send(self._requests, {}, fds)

    def reap(self) -> None:
        """In an init: those that code left behind come to it when their parents end."""
        waiting.reap()

    def close(self) -> None:
        """It ends when nobody can ask it any more."""
        self._requests.close()


def _be_zygote(walls: Level, module: str, requests: socket.socket) -> NoReturn:
    try:
        zygote = Zygote(walls, module)
        confinement.deny_proc_access()  # an interpreter is in sight of its session before it has given up its rights
        control.send(requests, {})
        zygote.serve(requests)
    except BaseException:
        os.write(2, traceback.format_exc().encode())  # the program may have taken sys.stderr
    finally:
        os._exit(1)
