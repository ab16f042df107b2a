"""The pool: which identifier has which session, how many sessions are allowed, and when each ends.

Some processes are kept ready, with an interpreter that is warmed up, so that a new session answers sooner.
"""

import asyncio
import contextlib
from collections import deque
from datetime import UTC, datetime, timedelta

from ..engines.interface import ContainerType, Engine, EngineError, InterpreterEnded, SessionProcess
from .kernel import LONGEST_RUN_SECONDS, warm_up
from .session import Session

_REAP_SECONDS = 1.0
_PREPARE_SECONDS = 0.05


class TooManySessions(Exception):
    """The pool has as many sessions as it may have."""

    def __init__(self, active: int) -> None:
        super().__init__(active)
        self.active = active


class Pool:
    """Start it in the event loop that serves requests, and call every method there."""

    def __init__(
        self,
        engine: Engine,
        *,
        max_sessions: int = 100,
        cooldown: timedelta = timedelta(seconds=300),
        ready: int = 2,
        longest_run_seconds: int = LONGEST_RUN_SECONDS,
    ) -> None:
        """`ready` is how many processes wait for an identifier; they do not count as sessions yet."""
        self.engine = engine
        self.max_sessions = max_sessions
        self.cooldown = cooldown
        self._longest_run_seconds = longest_run_seconds
        self.started_at = datetime.now(UTC)
        self._sessions: dict[str, asyncio.Task[Session]] = {}
        self._reaper: asyncio.Task[None] | None = None
        self._ready_wanted = ready
        self._ready: deque[SessionProcess] = deque()
        self._preparing: asyncio.Task[None] | None = None

    @property
    def container_type(self) -> ContainerType:
        return self.engine.container_type

    async def start(self) -> None:
        """Raises EngineError if sessions cannot be created here."""
        await self.engine.start()
        self._reaper = asyncio.create_task(self._reap_forever())
        self._prepare()

    async def stop(self) -> None:
        """Ends every session and the engine."""
        for task in (self._reaper, self._preparing):
            if task is not None:
                task.cancel()
        while self._ready:
            self._ready.pop().close()
        for identifier in list(self._sessions):
            await self.end(identifier)
        await self.engine.stop()

    async def session(self, identifier: str) -> Session:
        """The identifier's session; a new one if it has none. Raises TooManySessions and EngineError."""
        session = self.find(identifier)
        if session is None:
            session = await asyncio.shield(self._creation(identifier))
        session.touch()
        return session

    def find(self, identifier: str) -> Session | None:
        """The identifier's session if it has one. This neither creates a session nor counts as use.

        A session whose processes have ended on their own, as they may when memory runs out, is forgotten here.
        """
        creation = self._sessions.get(identifier)
        if creation is None or not creation.done() or creation.cancelled() or creation.exception():
            return None
        session = creation.result()
        if session.has_ended:
            del self._sessions[identifier]
            return None
        return session

    def sessions(self) -> list[Session]:
        return [session for identifier in list(self._sessions) if (session := self.find(identifier))]

    def identifiers(self) -> list[str]:
        """Of all sessions, also of those that are being created. Unlike the other methods, safe in any thread."""
        return list(self._sessions)

    async def end(self, identifier: str) -> bool:
        """Ends the identifier's session and deletes its files. False if it has none."""
        creation = self._sessions.pop(identifier, None)
        if creation is None:
            return False
        with contextlib.suppress(Exception):
            (await creation).close()
        return True

    def _creation(self, identifier: str) -> asyncio.Task[Session]:
        """One session for all concurrent requests for it."""
        creation = self._sessions.get(identifier)
        if creation is None:
            if len(self._sessions) >= self.max_sessions:
                raise TooManySessions(len(self._sessions))
            creation = self._sessions[identifier] = asyncio.create_task(self._create(identifier))
        return creation

    async def _create(self, identifier: str) -> Session:
        try:
            return Session(identifier, await self._process(), self.cooldown, self._longest_run_seconds)
        except BaseException:
            self._sessions.pop(identifier, None)
            raise
        finally:
            self._prepare()

    async def _process(self) -> SessionProcess:
        while self._ready:
            process = self._ready.popleft()
            if not process.is_closed:
                return process
        return await self.engine.launch()

    def _prepare(self) -> None:
        """Starts processes in the background until enough are ready."""
        if self._preparing is None or self._preparing.done():
            self._preparing = asyncio.create_task(self._make_ready())

    async def _make_ready(self) -> None:
        wanted = self._ready_wanted if self.engine.level > 1 else 0  # the portable engine keeps one itself
        while len(self._ready) < wanted:
            if self._ready:
                await asyncio.sleep(_PREPARE_SECONDS)  # code that has just taken the last one comes first
            try:
                process = await self.engine.launch()
                await warm_up(process)
            except (EngineError, InterpreterEnded):
                return  # the next request for a session reports it
            self._ready.append(process)

    async def _reap_forever(self) -> None:
        while True:
            await asyncio.sleep(min(_REAP_SECONDS, self.cooldown.total_seconds() / 4))
            await self.reap()

    async def reap(self) -> None:
        """Ends the sessions that have not been used for the cooldown."""
        for session in self.sessions():
            if session.is_idle and session.expires_at <= datetime.now(UTC):
                await self.end(session.identifier)
