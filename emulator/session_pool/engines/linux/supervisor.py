"""The process from which all of a pool's sessions are forked.

    server -> supervisor -> session init            one for each session
                         -> zygote -> interpreter   one or more for each session

The server starts it as a separate program with a clean environment: a fork would inherit the server's memory, and its
environment would stay readable in /proc. It stays small, because for each session it forks an *init*, which copies all
that is imported here. The interpreters, which need pandas and matplotlib, are forked from the zygote into the init's
namespaces. At a level of isolation without namespaces a process cannot be moved into a session, so a session's
processes must descend from its init: there, the supervisor is the zygote too.

Each of these processes ends when its parent does, even if that was killed.

Usage: python -m emulator.session_pool.engines.linux.supervisor FD LEVEL LIMITS MODULE, where LIMITS is JSON
"""

import contextlib
import gc
import json
import os
import signal
import socket
import sys
from typing import NoReturn

from ..shared import environment
from ..shared.limits import Limits
from . import control, session_init, waiting
from .isolation import LEVELS, Level
from .watchdog import LOOK, SUPERVISOR_SECONDS, MachineMemory
from .zygote import Zygote, ZygoteProcess

ENVIRONMENT = {
    **environment.variables("/usr/local/bin:/usr/bin:/bin"),
    "MPLCONFIGDIR": "/tmp/.matplotlib",
    "IPYTHONDIR": "/tmp/.ipython",
    "XDG_CACHE_HOME": "/tmp/.cache",
    # OpenBLAS and pyarrow would start threads at import, and a process with threads cannot be forked safely.
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "JE_ARROW_MALLOC_CONF": "background_thread:false",
}
_STRAGGLER_SECONDS = 2


def main() -> NoReturn:
    server = socket.socket(fileno=int(sys.argv[1]))
    server.set_inheritable(False)
    number, limits, module = int(sys.argv[2]), Limits(**json.loads(sys.argv[3])), sys.argv[4]
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the server, which then closes the socket
    try:
        level = LEVELS[number](limits, server)
    except OSError as refusal:
        control.send(server, {"event": "refused", "why": str(refusal)})
        sys.exit(1)
    try:
        _serve(server, level, module)
    finally:
        level.remove_all()


def _serve(server: socket.socket, level: Level, module: str) -> NoReturn:
    zygote: Zygote | ZygoteProcess
    if level.has_namespaces:
        zygote = ZygoteProcess(level, module, server)
        gc.freeze()
    else:
        zygote = Zygote(level, module)
    with contextlib.suppress(OSError):  # the server has ended meanwhile, which is handled as at any other time
        control.send(server, {"event": "ready"})
    _fork_inits(server, level, zygote)


def _fork_inits(server: socket.socket, level: Level, zygote: Zygote | ZygoteProcess) -> NoReturn:
    """One for each request of the server, which sends the init's end of its control socket along."""
    inits: set[int] = set()
    memory = MachineMemory(level.limits)
    bell = waiting.bell()
    signal.signal(LOOK, signal.SIG_IGN)  # for an init that has no handler yet
    while True:
        readable = waiting.readable([server, bell], SUPERVISOR_SECONDS if inits else None)
        if bell in readable:
            waiting.answer(bell)
            ended = {pid for pid, _ in waiting.reap()}
            if zygote.pid in ended:
                os._exit(1)  # the sessions end with their process table, and the server starts another supervisor
            inits -= ended
        if server.fileno() in readable:
            try:
                message, fds = control.receive(server)
            except control.Incomplete:
                continue  # the server sees the socket close that it has sent
            if message is None:
                _end_with_children(level, zygote)
            with contextlib.suppress(OSError):  # no process can be created: the server sees its socket close
                inits.add(_fork_init(server, fds, level, zygote))
            control.close(fds)
        if memory.shrinks():
            for pid in inits:
                os.kill(pid, LOOK)


def _fork_init(server: socket.socket, fds: list[int], level: Level, zygote: Zygote | ZygoteProcess) -> int:
    """Raises OSError."""
    (control_fd,) = fds
    pid = level.fork_init()
    if pid == 0:
        try:
            server.close()
            session_init.main(socket.socket(fileno=control_fd), level, zygote)
        finally:
            os._exit(1)
    return pid


def _end_with_children(level: Level, zygote: Zygote | ZygoteProcess) -> NoReturn:
    """Every init has seen its control socket close and is ending; with namespaces, stragglers end with this process."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    if isinstance(zygote, ZygoteProcess):
        zygote.close()
    signal.signal(signal.SIGALRM, _stop_waiting)
    signal.alarm(_STRAGGLER_SECONDS)
    try:
        while True:
            os.wait()
    except (ChildProcessError, TimeoutError):
        signal.alarm(0)
    level.remove_all()
    os._exit(0)


def _stop_waiting(*_: object) -> NoReturn:
    raise TimeoutError


if __name__ == "__main__":
    main()
