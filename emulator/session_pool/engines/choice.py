"""Chooses the engine for this machine: the strongest available, and never a weaker one than requested.

The engine for Linux is imported on Linux only.
"""

import sys

from .interface import ContainerType, Engine, EngineError, SessionProcess
from .portable.engine import PortableEngine
from .shared.limits import Limits

LEVELS = (2, 3)
"""The levels of isolation that can be required."""

_HINT = "run it in a Linux container or VM, or start it with --allow-unisolated: code then runs with all your rights"


def choose(
    container_type: ContainerType = "PythonLTS",
    *,
    limits: Limits = Limits(),  # noqa: B008
    allow_unisolated: bool = False,
    require_level: int | None = None,
) -> Engine:
    """The engine, not started yet: its `start` raises EngineError if this machine lacks what is required.

    `require_level` wins over `allow_unisolated`. The portable engine has no limits. Raises EngineError where that is
    known without a start.
    """
    if sys.platform.startswith("linux"):
        from .linux import engine

        isolated = engine.Engine(container_type, limits=limits, lowest_level=require_level or min(LEVELS))
        return _OrPortable(isolated, allow_unisolated) if require_level is None else isolated
    if require_level is not None:
        raise EngineError(
            f"isolation level {require_level} is available on Linux only, and this is {sys.platform}: run it in a "
            "Linux container or VM"
        )
    if not allow_unisolated:
        raise EngineError(f"sessions can be isolated on Linux only, and this is {sys.platform}: {_HINT}")
    return PortableEngine(container_type)


class _OrPortable:
    """An engine, or the portable one if it does not start and that is allowed; `isolation` then includes the reason."""

    def __init__(self, engine: Engine, allow_unisolated: bool) -> None:
        self.container_type = engine.container_type
        self._engine = engine
        self._allow_unisolated = allow_unisolated
        self._refusal = ""

    @property
    def level(self) -> int:
        return self._engine.level

    @property
    def isolation(self) -> str:
        return f"{self._engine.isolation} ({self._refusal})" if self._refusal else self._engine.isolation

    async def start(self) -> None:
        """Raises EngineError."""
        try:
            await self._engine.start()
        except EngineError as refusal:
            if not self._allow_unisolated:
                raise EngineError(f"{refusal}; {_HINT}") from refusal
            self._refusal = str(refusal)
            self._engine = PortableEngine(self.container_type)
            await self._engine.start()

    async def stop(self) -> None:
        await self._engine.stop()

    async def launch(self) -> SessionProcess:
        return await self._engine.launch()
