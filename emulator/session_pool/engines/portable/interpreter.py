"""The main module of the portable engine's subprocesses: each becomes one interpreter of one session.

It reads everything that it needs from standard input, a line of JSON at a time; others can read its command line. First
come the server's port and the secret to present there; later, when the imports are done and a session needs it, that
session's folder; then orders, which a thread executes even while code runs. Messages go over a loopback
connection. If standard input ends, the server has ended: this process ends too, and removes its session's files.

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

_CLEANUP_SECONDS = 10


def main() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # until there is code to interrupt
    orders, streams = _private_streams()
    setup = json.loads(orders.readline())
    pool = Path(setup["pool"])
    try:
        connection = socket.create_connection(("127.0.0.1", setup["port"]))
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.sendall(bytes.fromhex(setup["secret"]))
        program = _program(sys.argv[1])
        connection.sendall(frames.encode({"type": "ready"}))
        line = orders.readline()
        if not line:  # the server ended before a session needed this process
            return _remove(pool)
        session = Path(json.loads(line)["session"])
        _enter(session)
        mark = setup["mark"].encode()
        executing = threading.Thread(
            target=_execute_orders, args=(orders, streams, mark, pool, session), name="orders", daemon=True
        )
        executing.start()
        program.serve(connection, streams)
        # It returns when the connection ends. Either the server ends this process now, or it has ended itself, and the
        # thread cleans up.
        executing.join(_CLEANUP_SECONDS)
    except ConnectionError:  # the server ended while this process started
        _remove(pool)
        os._exit(1)
    except BaseException:
        os.write(2, traceback.format_exc().encode())
        os._exit(1)
    os._exit(0)  # without waiting for threads of the code


def _private_streams() -> tuple[BinaryIO, list[int]]:
    """Standard input for this module only, and copies of the other two, which the code does not close by accident."""
    orders = os.fdopen(os.dup(0), "rb", buffering=0)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    return orders, [os.dup(1), os.dup(2)]


def _program(container_type: str) -> Any:
    if container_type == "Shell":
        from ..shared import shell

        # The commands stay in this process's group, which is killed together.
        return shell.Program(own_group=False)
    from ..shared import interpreter

    return interpreter.Program()


def _enter(session: Path) -> None:
    """The last step before user code: its home, its temporary files, and /mnt/data."""
    home, temporary = str(session / "home"), str(session / "tmp")
    os.environ.update(HOME=home, USERPROFILE=home, TMPDIR=temporary, TEMP=temporary, TMP=temporary)
    tempfile.tempdir = None  # chosen again
    os.chdir(home)
    data_paths.redirect(DATA, str(session / "data"))


def _execute_orders(orders: BinaryIO, streams: list[int], mark: bytes, pool: Path, session: Path) -> None:
    """Executes the server's orders until the server ends."""
    try:
        while line := orders.readline():
            order = json.loads(line)
            if order["do"] == "interrupt":
                _thread.interrupt_main()
            elif order["do"] == "mark":
                # What the pipes hold before the mark was written before the order came.
                for stream in streams:
                    os.write(stream, mark)
    except OSError:
        return  # the code closed a descriptor that is not its own; the server kills this process when it has to
    try:
        _remove(pool, session)
    finally:
        if hasattr(os, "killpg"):
            os.killpg(0, signal.SIGKILL)  # also the programs that the code started
        os._exit(1)


def _remove(pool: Path, *sessions: Path) -> None:
    """In place of a server that could not clean up. The last process to end also removes the pool's folder."""
    for folder in (*sessions, pool / "cache"):
        remove(folder)
    with contextlib.suppress(OSError):
        pool.rmdir()


if __name__ == "__main__":
    main()
