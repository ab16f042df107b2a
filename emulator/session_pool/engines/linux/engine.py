"""The engine for Linux, as the pool sees it: it starts the supervisor and launches sessions from it."""

import asyncio
import json
import socket
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

from .. import shared
from ..interface import ContainerType, EngineError
from ..shared.limits import Limits
from . import control, supervisor
from .isolation import LEVELS
from .session_process import SessionProcess

_PACKAGE_PARENT = Path(__file__).resolve().parents[__name__.count(".")]
_START_SECONDS = 120  # a cold disk, and matplotlib building its font list

_PROGRAMS: dict[ContainerType, str] = {
    "PythonLTS": f"{shared.__name__}.interpreter",
    "Shell": f"{shared.__name__}.shell",
}


class Engine:
    """One supervisor, and the sessions below it. `launch` may be called concurrently."""

    def __init__(
        self,
        container_type: ContainerType = "PythonLTS",
        *,
        limits: Limits = Limits(),  # noqa: B008
        lowest_level: int = 2,
        highest_level: int = 3,
    ) -> None:
        """`start` chooses the highest level of isolation between these that the machine supports."""
        self.container_type = container_type
        self.level = 0
        self._limits = limits
        self._levels = [level for level in sorted(LEVELS, reverse=True) if lowest_level <= level <= highest_level]
        self._supervisor: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None

    @property
    def isolation(self) -> str:
        """What separates the sessions from each other and from this machine, as a sentence for the console."""
        network = "this machine's network" if self._limits.network else "no network"
        if self.level == 3:
            return (
                f"level 3: own users, processes, files; {network}; limits; the kernel is shared, see docs/isolation.md"
            )
        return (
            f"level 2: {network} and a folder that only Python sees as /mnt/data; limits for each process; the kernel "
            "gives no namespaces here, see docs/isolation.md"
        )

    @property
    def supervisor_pid(self) -> int:
        """The process from which sessions are forked, once it has started."""
        assert self._supervisor is not None, "start the engine first"
        return self._supervisor.pid

    async def start(self) -> None:
        """Returns when sessions can be launched. Raises EngineError."""
        refusals = []
        for level in self._levels:
            refusal = await self._start_supervisor(level)
            if refusal is None:
                self.level = level
                return
            refusals.append(f"level {level}: {refusal}")
        raise EngineError(f"sessions cannot be created here: {'; '.join(refusals)}")

    async def _start_supervisor(self, level: int) -> str | None:
        """None if it can fork sessions, else the reason why this level is not available. Raises EngineError."""
        ours, theirs = control.pair()
        self._supervisor = subprocess.Popen(
            [
                *(sys.executable, "-m", supervisor.__name__),
                *(str(theirs.fileno()), str(level), json.dumps(asdict(self._limits)), _PROGRAMS[self.container_type]),
            ],
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
            env=supervisor.ENVIRONMENT,
            cwd=_PACKAGE_PARENT,
            start_new_session=True,  # a Ctrl-C in the terminal is for the server only
        )
        theirs.close()
        ours.settimeout(_START_SECONDS)
        self._control = ours
        try:
            event, _ = await asyncio.to_thread(control.receive, ours)
        except TimeoutError:
            event = None
        if event is not None and event["event"] == "ready":
            return None
        await self.stop()
        if event is None:
            raise EngineError("the process that sessions are forked from did not start; its output is above")
        return str(event["why"])

    async def stop(self) -> None:
        """Ends every session, with its processes and files."""
        if self._control is not None:
            self._control.close()
        if self._supervisor is not None:
            try:
                await asyncio.to_thread(self._supervisor.wait, 3)
            except subprocess.TimeoutExpired:
                self._supervisor.kill()
                self._supervisor.wait()

    async def launch(self) -> "SessionProcess":
        """The process of a new session, with empty folders; its main interpreter is starting. Raises EngineError."""
        ours, theirs = control.pair()
        ours.setblocking(False)
        process = SessionProcess(ours)
        process.interpreter().start()  # init expects this first: the interpreter is forked while init makes the folders
        try:
            assert self._control is not None, "start the engine first"
            control.send(self._control, {"do": "fork"}, [theirs.fileno()])
        except OSError:
            process.close()
            raise EngineError("the process that sessions are forked from has ended; restart the emulator") from None
        finally:
            theirs.close()
        await process.made()
        return process
