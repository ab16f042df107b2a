"""The pool: which identifier has which session, how many there may be, and when one ends."""

import asyncio
import contextlib
from datetime import UTC, datetime, timedelta

from .engine import ContainerType, Engine
from .session import Session

_REAP_SECONDS = 1.0


class TooManySessions(Exception):
    """All the sessions that the pool may have are in use."""

    def __init__(self, active: int) -> None:
        super().__init__(active)
        self.active = active


class Pool:
    """Start it in the event loop that serves requests; every method belongs to that loop."""

    def __init__(
        self,
        engine: Engine,
        *,
        max_sessions: int = 100,
        cooldown: timedelta = timedelta(seconds=300),
    ) -> None:
        self.engine = engine
        self.max_sessions = max_sessions
        self.cooldown = cooldown
        self.started_at = datetime.now(UTC)
        self._sessions: dict[str, asyncio.Task[Session]] = {}
        self._reaper: asyncio.Task[None] | None = None

    @property
    def container_type(self) -> ContainerType:
        return self.engine.container_type

    async def start(self) -> None:
        """Raises EngineError when sessions cannot be made here."""
        await self.engine.start()
        self._reaper = asyncio.create_task(self._reap_for_ever())

    async def stop(self) -> None:
        """Ends every session and the engine."""
        if self._reaper is not None:
            self._reaper.cancel()
        for identifier in list(self._sessions):
            await self.end(identifier)
        await self.engine.stop()

    async def session(self, identifier: str) -> Session:
        """The identifier's session; a new one when it has none. Raises TooManySessions and EngineError."""
        session = self.find(identifier)
        if session is None:
            session = await asyncio.shield(self._making(identifier))
        session.touch()
        return session

    def find(self, identifier: str) -> Session | None:
        """The identifier's session if there is one; looking does not make one, nor keep it alive.

        One whose processes have ended by themselves, as they may when memory runs out, is forgotten here.
        """
        making = self._sessions.get(identifier)
        if making is None or not making.done() or making.cancelled() or making.exception():
            return None
        session = making.result()
        if session.has_ended:
            del self._sessions[identifier]
            return None
        return session

    def sessions(self) -> list[Session]:
        return [session for identifier in list(self._sessions) if (session := self.find(identifier))]

    async def end(self, identifier: str) -> bool:
        """Ends the identifier's session with all it holds. False when there is none."""
        making = self._sessions.pop(identifier, None)
        if making is None:
            return False
        with contextlib.suppress(Exception):
            (await making).close()
        return True

    def _making(self, identifier: str) -> asyncio.Task[Session]:
        """One session for all who ask for it while it is made."""
        making = self._sessions.get(identifier)
        if making is None:
            if len(self._sessions) >= self.max_sessions:
                raise TooManySessions(len(self._sessions))
            making = self._sessions[identifier] = asyncio.create_task(self._make(identifier))
        return making

    async def _make(self, identifier: str) -> Session:
        try:
            return Session(identifier, await self.engine.launch(), self.cooldown)
        except BaseException:
            self._sessions.pop(identifier, None)
            raise

    async def _reap_for_ever(self) -> None:
        while True:
            await asyncio.sleep(min(_REAP_SECONDS, self.cooldown.total_seconds() / 4))
            await self.reap()

    async def reap(self) -> None:
        """Ends the sessions that nobody has used for the cooldown."""
        for session in self.sessions():
            if session.is_idle and session.expires_at <= datetime.now(UTC):
                await self.end(session.identifier)
