"""Sessions without isolation, for systems where nothing better is to be had: plain subprocesses of the server's user.

A session is a temporary folder and Python processes, one for each interpreter (`worker.py`). This uses only what
Linux, macOS and Windows have alike: subprocesses with pipes, and loopback connections. Importing pandas and matplotlib
takes a second or two, so one process is always kept ready that has done so and belongs to no session yet.
"""

import asyncio
import contextlib
import secrets
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

from ..interface import ContainerType, EngineError, InterpreterEnded, Sink
from ..shared import frames
from ..shared.removal import remove
from .data_folder import PortableDataFolder
from .worker import SECRET_BYTES, Worker

_START_SECONDS = 120  # a cold disk, and matplotlib building its font list
_GREETING_SECONDS = 10
_ENDING_SECONDS = 5.0


class PortableEngine:
    """Makes sessions that have all rights of the user who started the pool."""

    level = 1

    def __init__(self, container_type: ContainerType = "PythonLTS") -> None:
        self.container_type = container_type
        self._folder = Path()
        self._server: asyncio.Server | None = None
        self._greeted: dict[bytes, Worker] = {}
        self._workers: set[Worker] = set()
        self._spare: Worker | None = None
        self._sessions: set[SessionProcess] = set()
        self._removals: set[asyncio.Task[None]] = set()

    @property
    def isolation(self) -> str:
        return (
            "level 1: not isolated: code runs with all rights of the user who started this, on files, programs and "
            "network; run only code that you trust"
        )

    async def start(self) -> None:
        """Returns when sessions can be launched. Raises EngineError."""
        if self.container_type == "Shell" and not _has_shell():
            raise EngineError(
                "Shell sessions need bash or sh, which this system does not have: run the pool in a Linux container "
                "or VM, or start it with --container-type PythonLTS"
            )
        self._folder = Path(tempfile.mkdtemp(prefix="session-pool-"))
        self._server = await asyncio.start_server(self._greet, "127.0.0.1", 0, limit=1 << 18)
        try:
            self._spare = worker = self._new_worker()
            done, _ = await asyncio.wait({worker.ready}, timeout=_START_SECONDS)
            if not done or worker.ready.exception() is not None:
                words = worker.last_words or "none"
                raise EngineError(f"the process that runs code did not start; its own words: {words}")
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        """Ends every session, with its processes and files."""
        for session in list(self._sessions):
            session.close()
        workers, self._spare = list(self._workers), None
        for worker in workers:
            worker.kill()
        if workers:
            await asyncio.wait({worker.ended for worker in workers}, timeout=_ENDING_SECONDS)
        if self._removals:
            await asyncio.wait(self._removals)
        if self._server is not None:
            self._server.close()
            self._server = None
            await asyncio.to_thread(remove, self._folder)

    async def launch(self) -> "SessionProcess":
        """A new session, with empty folders and no interpreter yet. Raises EngineError."""
        if self._server is None:
            raise EngineError("the engine has not been started, or was stopped")
        try:
            folder = Path(tempfile.mkdtemp(dir=self._folder))
            for name in ("data", "home"):
                (folder / name).mkdir()
        except OSError as refusal:
            raise EngineError(f"a session's folder could not be made: {refusal}") from refusal
        process = SessionProcess(self, folder)
        self._sessions.add(process)
        return process

    def take_worker(self) -> Worker:
        """A process that no session has had, for an interpreter. The next spare one begins its imports behind it.

        Raises EngineError.
        """
        worker, self._spare = self._spare, None
        if worker is None or worker.ended.done():
            worker = self._new_worker()
        with contextlib.suppress(EngineError):
            self._spare = self._new_worker()
        return worker

    def forget(self, session: "SessionProcess", folder: Path, workers: list[Worker]) -> None:
        """Removes the folder of a session that is closed, as soon as its processes are gone."""
        self._sessions.discard(session)
        removal = asyncio.ensure_future(_remove_behind(workers, folder))
        self._removals.add(removal)
        removal.add_done_callback(self._removals.discard)

    def _new_worker(self) -> Worker:
        assert self._server is not None, "start the engine first"
        port = self._server.sockets[0].getsockname()[1]
        secret = secrets.token_bytes(SECRET_BYTES)
        try:
            worker = Worker(self.container_type, self._folder, port, secret)
        except OSError as refusal:
            raise EngineError(f"no process can be started: {refusal}") from refusal
        self._greeted[secret] = worker
        self._workers.add(worker)

        def gone(_: asyncio.Future[int]) -> None:
            self._workers.discard(worker)
            self._greeted.pop(secret, None)

        worker.ended.add_done_callback(gone)
        return worker

    async def _greet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """A connection from this machine, by anyone: only who knows a secret is listened to."""
        worker = None
        try:
            secret = await asyncio.wait_for(reader.readexactly(SECRET_BYTES), _GREETING_SECONDS)
            worker = self._greeted.pop(secret, None)
        except (asyncio.IncompleteReadError, TimeoutError, OSError):
            pass
        if worker is None:
            writer.close()
        else:
            await worker.converse(reader, writer)


class SessionProcess:
    """One session: a folder, and interpreters while there are some."""

    def __init__(self, engine: PortableEngine, folder: Path) -> None:
        self.data = PortableDataFolder(folder / "data")
        self.folder = folder
        self.is_closed = False
        self._engine = engine
        self._workers: list[Worker] = []
        self._interpreters: dict[str, Interpreter] = {}

    def interpreter(self, name: str = "main") -> "Interpreter":
        """The session's interpreter of that name, which is not running until it is started."""
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
        """For the interpreters alone."""
        worker = self._engine.take_worker()
        worker.enter(self.folder)
        self._workers = [*(old for old in self._workers if not old.ended.done()), worker]
        return worker


class Interpreter:
    """One of a session's interpreters: it answers one request after the other."""

    def __init__(self, process: SessionProcess) -> None:
        self._process = process
        self.lost: InterpreterEnded | None = None
        """How it ended, when that was outside of a run and nobody asked for it; until it is started again."""

        self._worker: Worker | None = None
        self._run_id = ""
        self._sink: Sink | None = None
        self._reply: asyncio.Future[frames.Message] | None = None

    @property
    def is_running(self) -> bool:
        return self._worker is not None

    def start(self) -> None:
        """A fresh one, without variables. Not when the session is over."""
        if self._process.is_closed:
            return
        self.lost = None
        try:
            self._worker = worker = self._process.new_worker()
        except EngineError:
            return  # no more processes may be had: `run` says that there is none
        worker.hear(self._take, self._take_written)

        def gone(ended: asyncio.Future[int]) -> None:
            if self._worker is worker:
                if self._reply is None:
                    self.lost = InterpreterEnded(ended.result())
                self.ended(ended.result())

        worker.ended.add_done_callback(gone)

    async def run(self, run_id: str, request: dict[str, Any], sink: Sink) -> frames.Message:
        """Gives `sink` what the interpreter says meanwhile, and returns its `execute_reply`.

        Raises InterpreterEnded.
        """
        worker = self._worker
        if worker is None:
            raise InterpreterEnded(0)
        worker.forget_half_characters()
        self._run_id, self._sink = run_id, sink
        reply: asyncio.Future[frames.Message] = asyncio.get_running_loop().create_future()
        self._reply = reply
        try:
            waiting: set[asyncio.Future[Any]] = {worker.ready, reply}
            await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            if reply.done():
                return reply.result()
            await worker.send({**request, "id": run_id})
            message = await reply
            await worker.written()
            return message
        finally:
            self._sink = self._reply = None

    def interrupt(self) -> None:
        """Raises KeyboardInterrupt in code that runs; ends a command."""
        if self._worker is None:
            return
        if self._worker.ready.done():
            self._worker.interrupt()
        elif self._reply is not None and not self._reply.done():
            # Its imports are not done, so that the code has not begun: it never will.
            content = {"status": "error", "ename": "KeyboardInterrupt", "evalue": "", "traceback": []}
            self._reply.set_result({"type": "execute_reply", "parent": self._run_id, "content": content})

    def kill(self) -> None:
        """Ends the interpreter and all that it started; `run` then raises InterpreterEnded. Files stay."""
        if self._worker is not None:
            self._worker.kill()

    async def end(self) -> None:
        """Returns when the interpreter is gone. `start` starts another."""
        worker = self._worker
        if worker is not None:
            self.ended(0)
            worker.kill()
            await asyncio.wait({worker.ended})

    def ended(self, status: int) -> None:
        """The interpreter is gone: ends the run in progress. For its process alone."""
        self._worker = None
        if self._reply is not None and not self._reply.done():
            self._reply.set_exception(InterpreterEnded(status))
            self._reply.exception()  # whoever waited for it may be gone

    def _take(self, message: frames.Message) -> None:
        if self._sink is None or self._reply is None or self._reply.done() or message.get("parent") != self._run_id:
            return  # of an earlier run, whose threads write on: the kernel names the run that each message belongs to
        if message.get("type") != "execute_reply":
            self._sink(message)
        else:
            self._reply.set_result(message)

    def _take_written(self, name: str, text: str) -> None:
        if self._sink is not None:
            self._sink({"type": "stream", "content": {"name": name, "text": text}})


def _has_shell() -> bool:
    return sys.platform != "win32" and bool(shutil.which("bash") or shutil.which("sh"))


async def _remove_behind(workers: list[Worker], folder: Path) -> None:
    if workers:
        await asyncio.wait({worker.ended for worker in workers}, timeout=_ENDING_SECONDS)
    await asyncio.to_thread(remove, folder)
