"""The process from which interpreters are forked: it has already imported everything that they need.

What an interpreter does is defined by the module that is named at the start: its `Program` is created once, before the
forks, and serves the requests of one interpreter after each fork. A session's init requests an interpreter, and
receives its pid and its exit status through a socket created for it, the *report*.
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
    """Forks interpreters from the current process."""

    def __init__(self, level: Level, module: str) -> None:
        self.pid = os.getpid()
        self._level = level
        self._program = importlib.import_module(module).Program()
        self._reports: dict[int, socket.socket] = {}
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        self._open_files = max(soft, min(hard, _OPEN_FILES))
        resource.setrlimit(resource.RLIMIT_NOFILE, (self._open_files, hard))  # it holds a report for each interpreter
        gc.collect()
        gc.freeze()  # the collector would write to, and so copy, every shared page in every session
        huge_pages.collapse()

    def fork(self, fds: Sequence[int]) -> None:
        """`fds` are report, connection, stdout, stderr, and the process table if any; the caller closes them.

        If no process can be created, the report is closed without a message.
        """
        report_fd, connection_fd, stdout_fd, stderr_fd, *process_table = fds
        try:
            report = socket.socket(fileno=os.dup(report_fd))
        except OSError:
            return
        try:
            pid = self._level.fork_interpreter(process_table)
        except OSError:
            report.close()
            return
        if pid == 0:
            self._interpret(report, connection_fd, stdout_fd, stderr_fd)
        self._reports[pid] = report

    def reap(self) -> None:
        """Reports how interpreters ended."""
        for pid, status in waiting.reap():
            report = self._reports.pop(pid, None)
            if report is not None:
                with contextlib.suppress(OSError), report:  # its init may have ended before
                    control.send(report, {"status": os.waitstatus_to_exitcode(status)})

    def serve(self, requests: socket.socket) -> NoReturn:
        """Forks what inits request, until all of them and the supervisor have ended."""
        bell = waiting.bell()
        while True:
            readable = waiting.readable([requests, bell])
            if bell in readable:
                waiting.answer(bell)
                self.reap()
            if requests.fileno() in readable:
                try:
                    message, fds = control.receive(requests)
                except control.Incomplete:
                    continue  # the init sees its report close
                if message is None:
                    os._exit(0)
                self.fork(fds)
                control.close(fds)

    def _interpret(self, report: socket.socket, connection_fd: int, stdout_fd: int, stderr_fd: int) -> NoReturn:
        try:
            waiting.forget()
            control.send(report, {"pid": os.getpid()})
            admission, namespaces = control.receive(report)  # arrives when the session's folders exist
            if admission is None:
                os._exit(0)
            report.close()
            self._level.join(admission, namespaces)
            os.setsid()
            os.dup2(stdout_fd, 1)
            os.dup2(stderr_fd, 2)
            # No descriptor of the zygote or the init stays open: neither their sockets nor another session's folder.
            os.closerange(3, connection_fd)
            os.closerange(connection_fd + 1, self._open_files)
            self._level.enter()
            self._program.serve(socket.socket(fileno=connection_fd), [os.dup(1), os.dup(2)])
        except control.Incomplete:
            os._exit(1)  # running code of its session has limited this process
        except BaseException:
            os.write(2, traceback.format_exc().encode())
        finally:
            os._exit(0)


class ZygoteProcess:
    """A zygote in a separate process, as the supervisor and its inits see it."""

    def __init__(self, level: Level, module: str, supervisors_own: socket.socket) -> None:
        """Returns when it can fork. Raises OSError if it has ended."""
        self._requests, requests = control.pair()
        self.pid = os.fork()
        if self.pid == 0:
            supervisors_own.close()
            self._requests.close()
            _be_zygote(level, module, requests)
        requests.close()
        if control.receive(self._requests)[0] is None:
            raise OSError("the zygote did not start")

    def fork(self, fds: Sequence[int]) -> None:
        """As `Zygote.fork`, but returns before the fork has happened."""
        control.send(self._requests, {}, fds)

    def reap(self) -> None:
        """In an init: it inherits processes whose parents have ended."""
        waiting.reap()

    def close(self) -> None:
        """The zygote ends when the last copy of its socket is closed."""
        self._requests.close()


def _be_zygote(level: Level, module: str, requests: socket.socket) -> NoReturn:
    try:
        zygote = Zygote(level, module)
        confinement.deny_proc_access()  # a session sees its interpreter before that has dropped its capabilities
        control.send(requests, {})
        zygote.serve(requests)
    except BaseException:
        os.write(2, traceback.format_exc().encode())  # the program may have taken sys.stderr
    finally:
        os._exit(1)
