"""One session of the portable engine, from the server's side: its folder, its data, and its interpreters."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

from ..interface import EngineError, InterpreterEnded, Message, Sink
from ..shared import marks
from .data_folder import PortableDataFolder
from .worker import Worker


class Workers(Protocol):
    """What a session needs of its engine."""

    def take_worker(self) -> Worker: ...

    def forget(self, session: "SessionProcess", folder: Path, workers: list[Worker]) -> None: ...


class SessionProcess:
    """One session: a folder, and any number of interpreters, by name."""

    def __init__(self, workers: Workers, folder: Path) -> None:
        self.data = PortableDataFolder(folder / "data")
        self.folder = folder
        self.is_closed = False
        self._engine = workers
        self._workers: list[Worker] = []
        self._interpreters: dict[str, Interpreter] = {}

    def interpreter(self, name: str = "main") -> "Interpreter":
        """The session's interpreter of that name, which does not run until it is started."""
        if name not in self._interpreters:
            self._interpreters[name] = Interpreter(self)
        return self._interpreters[name]

    def close(self) -> None:
        """Ends the session's processes, and its files with them. May be called twice."""
        if self.is_closed:
            return
        self.is_closed = True
        self.data.close()
        for interpreter in self._interpreters.values():
            interpreter.kill()
            interpreter.ended(0)
        self._engine.forget(self, self.folder, self._workers)

    def new_worker(self) -> Worker:
        """Called by the interpreters only."""
        worker = self._engine.take_worker()
        worker.enter(self.folder)
        self._workers = [*(old for old in self._workers if not old.ended.done()), worker]
        return worker


class Interpreter:
    """One of a session's interpreters: it answers one request after the other."""

    def __init__(self, process: SessionProcess) -> None:
        self._process = process
        self.lost: InterpreterEnded | None = None
        """How it ended, if that was unexpected and outside of a request; until it is started again."""

        self._worker: Worker | None = None
        self._run_id = ""
        self._sink: Sink | None = None
        self._on_begin: Callable[[], None] = lambda: None
        self._reply: asyncio.Future[Message] | None = None

    @property
    def is_running(self) -> bool:
        return self._worker is not None

    def start(self) -> None:
        """Starts a new one, without variables, unless the session has ended."""
        if self._process.is_closed:
            return
        self.lost = None
        try:
            self._worker = worker = self._process.new_worker()
        except EngineError:
            return  # no process can be started: `run` reports that there is none
        worker.connect(self._take, self._take_written)

        def on_end(ended: asyncio.Future[int]) -> None:
            if self._worker is worker:
                if self._reply is None:
                    self.lost = InterpreterEnded(ended.result())
                self.ended(ended.result())

        worker.ended.add_done_callback(on_end)

    async def run(
        self, run_id: str, request: dict[str, Any], sink: Sink, on_begin: Callable[[], None] = lambda: None
    ) -> Message:
        """Passes what the request sends and writes to `sink`, and returns its `execute_reply`.

        Raises InterpreterEnded.
        """
        worker = self._worker
        if worker is None:
            raise InterpreterEnded(0)
        mark = marks.new_mark()
        worker.expect(mark)
        self._run_id, self._sink, self._on_begin = run_id, sink, on_begin
        reply: asyncio.Future[Message] = asyncio.get_running_loop().create_future()
        self._reply = reply
        try:
            waiting: set[asyncio.Future[Any]] = {worker.ready, reply}
            await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            if reply.done():
                return reply.result()
            await worker.send(marks.with_mark({**request, "id": run_id}, mark))
            message = await reply
            await worker.written()
            return message
        finally:
            self._sink = self._reply = None

    def interrupt(self) -> None:
        """Raises KeyboardInterrupt in running code; ends a command."""
        if self._worker is None:
            return
        if self._worker.ready.done():
            self._worker.interrupt()
        elif self._reply is not None and not self._reply.done():
            # Its imports are not done, so the code has not begun, and never will.
            content = {"status": "error", "ename": "KeyboardInterrupt", "evalue": "", "traceback": []}
            self._reply.set_result({"type": "execute_reply", "parent": self._run_id, "content": content})

    def kill(self) -> None:
        """Ends the interpreter and its process group; `run` then raises InterpreterEnded. Files stay."""
        if self._worker is not None:
            self._worker.kill()

    async def end(self) -> None:
        """Returns when the interpreter has ended. `start` starts another."""
        worker = self._worker
        if worker is not None:
            self.ended(0)
            worker.kill()
            await asyncio.wait({worker.ended})

    def ended(self, status: int) -> None:
        """The interpreter has ended: ends the current request. Called by its process only."""
        self._worker = None
        if self._reply is not None and not self._reply.done():
            self._reply.set_exception(InterpreterEnded(status))
            self._reply.exception()  # it may not be awaited: prevents asyncio's warning

    def _take(self, message: Message) -> None:
        if self._sink is None or self._reply is None or self._reply.done() or message.get("parent") != self._run_id:
            return  # of another request, whose threads or callbacks still write
        if message.get("type") == "status":
            self._on_begin()
        elif message.get("type") == "execute_reply":
            self._reply.set_result(message)
        else:
            self._sink(message)

    def _take_written(self, name: str, text: str) -> None:
        if self._sink is not None:
            self._sink({"type": "stream", "content": {"name": name, "text": text}})
