"""The engine for Linux, as the pool sees it: it launches sessions from a supervisor, and replaces that if it ends."""

import asyncio
import contextlib

from .. import shared
from ..interface import ContainerType, EngineError
from ..shared.limits import Limits
from . import control
from .isolation import LEVELS
from .session_process import SessionProcess
from .supervisor_process import Refused, SupervisorProcess

_ENDING_SECONDS = 0.2  # from a session's end to that of the supervisor, if it is the cause
_ATTEMPTS = 3

_PROGRAMS: dict[ContainerType, str] = {
    "PythonLTS": f"{shared.__name__}.interpreter",
    "Shell": f"{shared.__name__}.shell",
}


class Engine:
    """One supervisor, and the sessions below it. `launch` may be called concurrently.

    When the supervisor or the zygote ends, as they may when memory runs out, all sessions end with it. Another
    supervisor is started at once, and launches wait for it.
    """

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
        self._supervisor: asyncio.Task[SupervisorProcess] | None = None

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
        return self._supervisor.result().pid

    async def start(self) -> None:
        """Returns when sessions can be launched. Raises EngineError."""
        refusals = []
        for level in self._levels:
            try:
                await self._start_supervisor(level)
            except Refused as refusal:
                refusals.append(f"level {level}: {refusal}")
            else:
                self.level = level
                return
        raise EngineError(f"sessions cannot be created here: {'; '.join(refusals)}")

    def _start_supervisor(self, level: int) -> "asyncio.Task[SupervisorProcess]":
        """Its result raises Refused and EngineError."""
        program = _PROGRAMS[self.container_type]
        self._supervisor = asyncio.create_task(SupervisorProcess.started(level, self._limits, program, self._replace))
        return self._supervisor

    def _replace(self) -> None:
        """Starts another supervisor, of the same level, in place of one that has ended."""
        self._start_supervisor(self.level).add_done_callback(_retrieve)

    async def _running_supervisor(self) -> SupervisorProcess:
        """Raises EngineError."""
        assert self._supervisor is not None, "start the engine first"
        if self._supervisor.done() and self._supervisor.exception() is not None:
            self._replace()
        try:
            return await asyncio.shield(self._supervisor)
        except Refused as refusal:
            raise EngineError(f"sessions cannot be created at the moment: {refusal}") from refusal

    async def stop(self) -> None:
        """Ends every session, with its processes and files."""
        if self._supervisor is not None:
            with contextlib.suppress(EngineError, Refused):
                await (await self._supervisor).stop()

    async def launch(self) -> SessionProcess:
        """The process of a new session, with empty folders; its main interpreter is starting. Raises EngineError.

        Tries again if the supervisor ends meanwhile: the process has received nothing yet.
        """
        for _ in range(_ATTEMPTS - 1):
            supervisor = await self._running_supervisor()
            try:
                return await _launch_from(supervisor)
            except EngineError:
                if not await supervisor.ends_within(_ENDING_SECONDS):
                    raise
        return await _launch_from(await self._running_supervisor())


async def _launch_from(supervisor: SupervisorProcess) -> SessionProcess:
    ours, theirs = control.pair()
    ours.setblocking(False)
    process = SessionProcess(ours)
    process.interpreter().start()  # init expects this first: the interpreter is forked while init makes the folders
    try:
        supervisor.fork(theirs.fileno())
    except OSError:
        process.close()
        raise EngineError("the process that sessions are forked from has ended") from None
    finally:
        theirs.close()
    await process.made()
    return process


def _retrieve(starting: "asyncio.Task[SupervisorProcess]") -> None:
    """The next launch reports the failure; this prevents asyncio's warning."""
    if not starting.cancelled():
        starting.exception()
