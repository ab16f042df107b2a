"""The supervisor's process, from the server's side: how it is started, that it has ended, and how it is stopped."""

import asyncio
import json
import socket
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

from ..interface import EngineError
from ..shared.limits import Limits
from . import control, supervisor

_PACKAGE_PARENT = Path(__file__).resolve().parents[__name__.count(".")]
_START_SECONDS = 120  # a cold disk, and matplotlib building its font list
_STOP_SECONDS = 3


class Refused(Exception):
    """The machine does not support the level of isolation, for the reason that the message states."""


class SupervisorProcess:
    """`started` creates one."""

    def __init__(self, popen: subprocess.Popen[bytes], connection: socket.socket) -> None:
        self._popen = popen
        self._control = connection
        self._ended = asyncio.Event()

    @classmethod
    async def started(cls, level: int, limits: Limits, program: str, on_end: Callable[[], None]) -> "SupervisorProcess":
        """Returns when it can fork sessions. Calls `on_end` if it ends before it is stopped.

        Raises Refused, and EngineError if it ends without a reason.
        """
        ours, theirs = control.pair()
        popen = subprocess.Popen(
            [
                *(sys.executable, "-m", supervisor.__name__),
                *(str(theirs.fileno()), str(level), json.dumps(asdict(limits)), program),
            ],
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
            env=supervisor.ENVIRONMENT,
            cwd=_PACKAGE_PARENT,
            start_new_session=True,  # a Ctrl-C in the terminal is for the server only
        )
        theirs.close()
        ours.settimeout(_START_SECONDS)
        process = cls(popen, ours)
        try:
            event, _ = await asyncio.to_thread(control.receive, ours)
        except OSError:
            event = None
        if event is None or event["event"] != "ready":
            await process.stop()
            if event is None:
                raise EngineError("the process that sessions are forked from did not start; its output is above")
            raise Refused(str(event["why"]))
        ours.setblocking(True)
        asyncio.get_running_loop().add_reader(ours, process._take_end, on_end)
        return process

    @property
    def pid(self) -> int:
        return self._popen.pid

    def fork(self, control_fd: int) -> None:
        """Creates the init of a session, with this end of its control socket. Raises OSError if this has ended."""
        control.send(self._control, {"do": "fork"}, [control_fd])

    async def ends_within(self, seconds: float) -> bool:
        try:
            await asyncio.wait_for(self._ended.wait(), seconds)
        except TimeoutError:
            return False
        return True

    async def stop(self) -> None:
        """Ends it, with every session."""
        if self._control.fileno() >= 0:
            asyncio.get_running_loop().remove_reader(self._control)
            self._control.close()
        try:
            await asyncio.to_thread(self._popen.wait, _STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._popen.kill()
            self._popen.wait()

    def _take_end(self, on_end: Callable[[], None]) -> None:
        """Once it is ready it sends nothing more: its socket can be read when it has ended."""
        loop = asyncio.get_running_loop()
        loop.remove_reader(self._control)
        self._control.close()
        self._popen.kill()  # what is left of it
        loop.run_in_executor(None, self._popen.wait)
        self._ended.set()
        on_end()
