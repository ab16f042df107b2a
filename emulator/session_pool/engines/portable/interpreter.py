"""What a Python subprocess of the plain engine does: it becomes one interpreter of one session.

It is told all it needs on standard input, a line of JSON at a time, and nothing on its command line, which others can
read: first where the server is and the secret to show there; later, when the imports are done and a session needs it,
that session's folder; then orders, which a thread takes, so that they are heard whatever the code does. Messages go
over a loopback connection. When standard input ends, so has the server: this ends then, with its session's files.

Usage: python -m emulator.session_pool.engines.portable.interpreter CONTAINER_TYPE
"""

import _thread
import contextlib
import json
import os
import signal
import socket
import sys
import tempfile
import threading
import traceback
from pathlib import Path
from typing import Any, BinaryIO

from ..shared import data_paths, frames
from ..shared.data_rules import DATA
from ..shared.removal import remove

_TIDYING_SECONDS = 10


def main() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # until there is code that it could interrupt
    orders, streams = _private_streams()
    told = json.loads(orders.readline())
    pool = Path(told["pool"])
    try:
        connection = socket.create_connection(("127.0.0.1", told["port"]))
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.sendall(bytes.fromhex(told["secret"]))
        program = _program(sys.argv[1])
        connection.sendall(frames.encode({"type": "ready"}))
        line = orders.readline()
        if not line:  # the server has ended before a session needed this
            return _remove(pool)
        session = Path(json.loads(line)["session"])
        _enter(session)
        obeying = threading.Thread(target=_obey, args=(orders, streams, pool, session), name="orders", daemon=True)
        obeying.start()
        program.serve(connection)
        # It returns when the connection ends. Either the server ends this now, or it is gone itself, and the thread
        # has something to tidy up.
        obeying.join(_TIDYING_SECONDS)
    except BaseException:
        os.write(2, traceback.format_exc().encode())
        os._exit(1)
    os._exit(0)  # what threads of the code are doing does not keep it


def _private_streams() -> tuple[BinaryIO, list[int]]:
    """Standard input for this module alone, and copies of the other two, which the code does not close by accident."""
    orders = os.fdopen(os.dup(0), "rb", buffering=0)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    return orders, [os.dup(1), os.dup(2)]


def _program(container_type: str) -> Any:
    if container_type == "Shell":
        from ..shared import shell

        # The commands stay in this process's group, which is ended as a whole.
        return shell.Program(own_group=False)
    from ..shared import interpreter

    return interpreter.Program()


def _enter(session: Path) -> None:
    """The last step before user code: its home, and /mnt/data."""
    home = str(session / "home")
    os.environ.update(HOME=home, USERPROFILE=home, TMPDIR=home, TEMP=home, TMP=home)
    tempfile.tempdir = None  # it is chosen anew
    os.chdir(home)
    data_paths.redirect(DATA, str(session / "data"))


def _obey(orders: BinaryIO, streams: list[int], pool: Path, session: Path) -> None:
    """Takes the server's orders until it ends."""
    try:
        while line := orders.readline():
            order = json.loads(line)
            if order["do"] == "interrupt":
                _thread.interrupt_main()
            elif order["do"] == "mark":
                # What the pipes hold before the mark was written before the order came.
                for stream in streams:
                    os.write(stream, bytes.fromhex(order["mark"]))
    except OSError:
        return  # the code has closed what is not its own; the server ends this process when it has to
    try:
        _remove(pool, session)
    finally:
        if hasattr(os, "killpg"):
            os.killpg(0, signal.SIGKILL)  # also the programs that the code started
        os._exit(1)


def _remove(pool: Path, *sessions: Path) -> None:
    """For a server that had no chance to tidy up. The last one to end takes the pool's folder with it."""
    for folder in (*sessions, pool / "cache"):
        remove(folder)
    with contextlib.suppress(OSError):
        pool.rmdir()


if __name__ == "__main__":
    main()
