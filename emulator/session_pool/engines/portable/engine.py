"""No isolation and no limits: sessions are plain subprocesses with all rights of the server's user.

For systems where nothing better is available. A session is a temporary folder and Python processes, one for each
interpreter (`worker.py`). This uses only what Linux, macOS and Windows have in common: subprocesses with pipes, and
loopback connections. Importing pandas and matplotlib takes a second or two, so one process that has done so is always
kept ready.
"""

import asyncio
import contextlib
import secrets
import shutil
import sys
import tempfile
from pathlib import Path

from ..interface import ContainerType, EngineError
from ..shared.removal import remove
from .session_process import SessionProcess
from .worker import SECRET_BYTES, Worker

_START_SECONDS = 120  # a cold disk, and matplotlib building its font list
_SECRET_SECONDS = 10
_ENDING_SECONDS = 5.0


class PortableEngine:
    """Launches sessions that have all rights of the user who started the pool."""

    level = 1

    def __init__(self, container_type: ContainerType = "PythonLTS") -> None:
        self.container_type = container_type
        self._folder = Path()
        self._server: asyncio.Server | None = None
        self._expected: dict[bytes, Worker] = {}
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

    @property
    def address(self) -> tuple[str, int]:
        """Where its processes connect, once it has started."""
        assert self._server is not None, "start the engine first"
        host, port = self._server.sockets[0].getsockname()
        return host, port

    async def start(self) -> None:
        """Returns when sessions can be launched. Raises EngineError."""
        if self.container_type == "Shell" and not _has_shell():
            raise EngineError(
                "Shell sessions need bash or sh, which this system does not have: run the pool in a Linux container "
                "or VM, or start it with --container-type PythonLTS"
            )
        self._folder = Path(tempfile.mkdtemp(prefix="session-pool-"))
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0, limit=1 << 18)
        try:
            self._spare = worker = self._new_worker()
            done, _ = await asyncio.wait({worker.ready}, timeout=_START_SECONDS)
            if not done or worker.ready.exception() is not None:
                output = worker.last_output or "none"
                raise EngineError(f"the process that runs code did not start; its output: {output}")
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
            for name in ("data", "home", "tmp"):
                (folder / name).mkdir()
        except OSError as refusal:
            raise EngineError(f"a session's folder could not be created: {refusal}") from refusal
        process = SessionProcess(self, folder)
        self._sessions.add(process)
        return process

    def take_worker(self) -> Worker:
        """A process that no session has used, for an interpreter. The next spare one starts its imports meanwhile.

        Raises EngineError.
        """
        worker, self._spare = self._spare, None
        if worker is None or worker.ended.done():
            worker = self._new_worker()
        with contextlib.suppress(EngineError):
            self._spare = self._new_worker()
        return worker

    def forget(self, session: "SessionProcess", folder: Path, workers: list[Worker]) -> None:
        """Removes the folder of a closed session as soon as its processes have ended."""
        self._sessions.discard(session)
        removal = asyncio.ensure_future(_remove_after(workers, folder))
        self._removals.add(removal)
        removal.add_done_callback(self._removals.discard)

    def _new_worker(self) -> Worker:
        secret = secrets.token_bytes(SECRET_BYTES)
        try:
            worker = Worker(self.container_type, self._folder, self.address[1], secret)
        except OSError as refusal:
            raise EngineError(f"no process can be started: {refusal}") from refusal
        self._expected[secret] = worker
        self._workers.add(worker)

        def ended(_: asyncio.Future[int]) -> None:
            self._workers.discard(worker)
            self._expected.pop(secret, None)

        worker.ended.add_done_callback(ended)
        return worker

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """A connection from any program of this machine: it must present a worker's secret."""
        worker = None
        try:
            secret = await asyncio.wait_for(reader.readexactly(SECRET_BYTES), _SECRET_SECONDS)
            worker = self._expected.pop(secret, None)
        except (asyncio.IncompleteReadError, TimeoutError, OSError):
            pass
        if worker is None:
            writer.close()
        else:
            await worker.converse(reader, writer)


def _has_shell() -> bool:
    return sys.platform != "win32" and bool(shutil.which("bash") or shutil.which("sh"))


async def _remove_after(workers: list[Worker], folder: Path) -> None:
    if workers:
        await asyncio.wait({worker.ended for worker in workers}, timeout=_ENDING_SECONDS)
    await asyncio.to_thread(remove, folder)
