"""The process that sessions are forked from, with all that their interpreters need already imported.

    server -> zygote -> session init -> interpreter

The server starts it as a program of its own, with a clean environment (a fork would carry the server's memory, and its
environment stays readable in /proc). For each session it forks an *init*, which makes the session's folders, forks the
interpreter, and reaps whatever user code leaves behind; it runs no user code itself. When the interpreter ends, init
ends what it left running and can fork a new one beside the same files. A session may have several interpreters, each
with a name. Each of the three ends when the one before it does, also when that was killed.

What an interpreter does is the business of the module that is named at the start: its `Program` is made once, before
the forks, and serves one interpreter's requests after each.

Usage: python -m emulator.session_pool.zygote FD LEVEL LIMITS MODULE, where LIMITS is JSON
"""

import contextlib
import gc
import importlib
import json
import os
import select
import signal
import socket
import sys
import traceback
from typing import Any, NoReturn

from . import confinement
from .isolation import LEVELS, Level
from .limits import Limits
from .watchdog import Watchdog

ENVIRONMENT = {
    "PATH": "/usr/local/bin:/usr/bin:/bin",
    "LANG": "C.UTF-8",
    "MPLBACKEND": "module://matplotlib_inline.backend_inline",
    "MPLCONFIGDIR": "/tmp/.matplotlib",
    "IPYTHONDIR": "/tmp/.ipython",
    "XDG_CACHE_HOME": "/tmp/.cache",
    # OpenBLAS would start threads at import, and a process with threads cannot be forked safely.
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
}


def send(connection: socket.socket, message: dict[str, Any], fds: tuple[int, ...] = ()) -> None:
    socket.send_fds(connection, [json.dumps(message).encode()], list(fds))


def receive(connection: socket.socket) -> tuple[dict[str, Any] | None, list[int]]:
    """The next message, or None when the other side has ended."""
    data, fds, _, _ = socket.recv_fds(connection, 1 << 16, 8)
    for fd in fds:
        os.set_inheritable(fd, False)
    return (json.loads(data) if data else None), fds


def main() -> NoReturn:
    server = socket.socket(fileno=int(sys.argv[1]))
    server.set_inheritable(False)
    level, limits, module = int(sys.argv[2]), Limits(**json.loads(sys.argv[3])), sys.argv[4]
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the server, which ends this by hanging up
    try:
        walls = LEVELS[level](limits, server)
    except OSError as refusal:
        send(server, {"event": "refused", "why": str(refusal)})
        sys.exit(1)
    program = importlib.import_module(f"{__package__}.{module}").Program()
    gc.collect()
    gc.freeze()  # the collector would touch, and so copy, every shared page in every session
    send(server, {"event": "ready"})
    _fork_sessions(server, walls, program)


def _fork_sessions(server: socket.socket, walls: Level, program: Any) -> NoReturn:
    """Forks an init for each request of the server, whose end of the init's control socket comes along."""
    signal.signal(signal.SIGCHLD, lambda *_: _reap())
    while True:
        message, fds = receive(server)
        if message is None:
            _end_with_children(walls)
        (control_fd,) = fds
        try:
            if walls.fork_init() == 0:
                server.close()
                _session_init(socket.socket(fileno=control_fd), walls, program)
        except OSError:
            pass  # no more processes may be had: the server sees that its end of the socket closes
        os.close(control_fd)


def _end_with_children(walls: Level) -> NoReturn:
    """Every init has seen its control socket close, and is ending; in namespaces, stragglers end with this process."""
    signal.signal(signal.SIGALRM, lambda *_: os._exit(0))
    signal.alarm(2)
    try:
        while True:
            os.wait()
    except ChildProcessError:
        pass
    walls.remove_all()
    os._exit(0)


def _reap() -> list[tuple[int, int]]:
    """The pid and wait status of each child that has ended."""
    ended = []
    try:
        while (child := os.waitpid(-1, os.WNOHANG))[0]:
            ended.append(child)
    except ChildProcessError:
        pass
    return ended


def _session_init(control: socket.socket, walls: Level, program: Any) -> NoReturn:
    try:
        os.setsid()
        data_fd = os.open(walls.make(), os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        send(control, {"event": "made"}, (data_fd,))
        os.close(data_fd)
        _keep_interpreters(control, walls, program)
    except BaseException:
        send(control, {"event": "failed", "why": traceback.format_exc(limit=-3)})
    finally:
        walls.kill_all()
        walls.remove()
        os._exit(0)


def _keep_interpreters(control: socket.socket, walls: Level, program: Any) -> None:
    """Starts, interrupts and kills interpreters as the server says, and tells it when and how each ended."""
    wake, woken = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    signal.set_wakeup_fd(woken, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    pids: dict[str, int] = {}
    watchdog, why = Watchdog(walls.limits), ""
    sources: list[socket.socket | int] = [control, wake]
    while True:
        readable, _, _ = select.select(sources, [], [], watchdog.seconds if pids else None)
        if not readable and (why := watchdog.look(walls.processes()) or ""):
            walls.kill_all()
        if wake in readable:
            os.read(wake, 4096)
            ended = dict(_reap())
            for name in [name for name, pid in pids.items() if pid in ended]:
                status = ended[pids.pop(name)]
                if pids:
                    confinement.kill_children_but(set(pids.values()))
                else:
                    walls.kill_all()
                status = os.waitstatus_to_exitcode(status)
                send(control, {"event": "ended", "name": name, "status": status, "why": why})
        if control in readable:
            message, fds = receive(control)
            if message is None:
                return
            name = message["name"]
            if message["do"] == "start":
                why = ""
                pids[name] = os.fork()
                if pids[name] == 0:
                    control.close()
                    _interpreter(fds, walls, program)
                for fd in fds:
                    os.close(fd)
            elif name in pids and message["do"] == "interrupt":
                # Its group, as Jupyter does: os.system waits for a program and takes no notice of interrupts itself.
                with contextlib.suppress(ProcessLookupError):  # too early: it has no group yet
                    os.killpg(pids[name], signal.SIGINT)
            elif name in pids:
                os.kill(pids[name], signal.SIGKILL)


def _interpreter(fds: list[int], walls: Level, program: Any) -> NoReturn:
    try:
        connection_fd, stdout_fd, stderr_fd = fds
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.setsid()
        os.dup2(stdout_fd, 1)
        os.dup2(stderr_fd, 2)
        # Nothing of the zygote's or the init's stays open: not their sockets, not another session's folder.
        os.closerange(3, connection_fd)
        os.closerange(connection_fd + 1, 4096)
        walls.enter()
        program.serve(socket.socket(fileno=connection_fd))
    except BaseException:
        os.write(2, traceback.format_exc().encode())
    finally:
        os._exit(0)


if __name__ == "__main__":
    main()
