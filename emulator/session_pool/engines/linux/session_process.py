"""One session's processes on Linux, from the server's side: orders go to its init, and events come back."""

import asyncio
import contextlib
import os
import signal
import socket

from ..interface import EngineError
from . import control
from .data_folder import DataFolder
from .interpreter import Interpreter


class SessionProcess:
    """The processes of one session: its init, and any number of interpreters, by name."""

    data: DataFolder

    def __init__(self, connection: socket.socket) -> None:
        """`connection` leads to the init. Create it in the event loop that will use it."""
        self._loop = asyncio.get_running_loop()
        self._control = connection
        self._made: asyncio.Future[None] = self._loop.create_future()
        self._interpreters: dict[str, Interpreter] = {}
        self._init: int | None = None
        """A descriptor of init, if its end is that of all processes and files of the session."""

        self._loop.add_reader(connection, self._read_event)

    async def made(self) -> None:
        """Returns when the session's folders exist. Raises EngineError."""
        await self._made

    @property
    def is_closed(self) -> bool:
        """The session has ended: `close` was called, or its init ended, as it may when memory runs out."""
        return self._control.fileno() < 0

    def interpreter(self, name: str = "main") -> "Interpreter":
        """The session's interpreter of that name, which does not run until it is started."""
        if name not in self._interpreters:
            self._interpreters[name] = Interpreter(name, self)
        return self._interpreters[name]

    def close(self) -> None:
        """Ends the session's processes, and its files with them. May be called twice."""
        if self.is_closed:
            return
        self._loop.remove_reader(self._control)
        self._control.close()  # which ends init
        if self._init is not None:
            # At once: the session's processes may leave init no time to end by itself.
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._init, signal.SIGKILL)
            os.close(self._init)
        for interpreter in self._interpreters.values():
            interpreter.ended(0, "")
        if self._made.done() and self._made.exception() is None:
            self.data.close()

    def order(self, what: str, name: str, *fds: int) -> None:
        """Asks init to start, interrupt or kill an interpreter. Called by the interpreters only."""
        try:
            control.send(self._control, {"do": what, "name": name}, fds)
        except OSError:
            pass  # init has ended; its end is handled as an event

    def _read_event(self) -> None:
        try:
            event, fds = control.receive(self._control)
        except OSError:
            event, fds = None, []
        if event is None:
            if not self._made.done():
                self._made.set_exception(EngineError("a session's process ended while it was being created"))
            self.close()
        elif event["event"] == "made":
            self.data = DataFolder(fds[0])
            self._init = fds[1] if len(fds) > 1 else None
            self._made.set_result(None)
        elif event["event"] == "failed":
            if not self._made.done():
                self._made.set_exception(EngineError(f"a session's process could not be created: {event['why']}"))
        else:
            self._interpreters[event["name"]].ended(event["status"], event["why"])
