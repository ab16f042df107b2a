"""Kernels of real sessions, spoken to below the pool: every message that a run sends is seen, in its order."""

import asyncio
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from connector.harness.cell import make_cell
from connector.harness.report import FOLDER, RECORD, Report, Told, read_record, read_stdout
from emulator.session_pool.engines.linux.engine import Engine
from emulator.session_pool.engines.linux.session_process import SessionProcess
from emulator.session_pool.engines.shared.frames import Message
from emulator.session_pool.sessions.execution import failure_text

SECONDS = 20
LONGEST = 1_000_000


FILL_THE_FOLDER = (
    "f = open('/mnt/data/full', 'wb', buffering=0)\nfor size in (1 << 20, 1):\n    try:\n"
    "        while True: f.write(bytes(size))\n    except OSError: pass\n"
)
"""Code after which /mnt/data has no room."""


@dataclass
class Ran:
    """What a kernel said of one cell."""

    messages: list[Message]
    reply: dict[str, Any]

    def stream(self, name: str) -> str:
        said = [message["content"] for message in self.messages if message["type"] == "stream"]
        return "".join(content["text"] for content in said if content["name"] == name)

    @property
    def failure(self) -> str:
        return failure_text(self.reply)


class Kernel:
    """A session's main interpreter. `run` and `wrapped` are for one thread."""

    def __init__(self, loop: asyncio.AbstractEventLoop, process: SessionProcess) -> None:
        self._loop = loop
        self.process = process
        self._runs = 0

    def run(self, code: str) -> Ran:
        """As any client of Jupyter sends it. Raises InterpreterEnded."""
        return asyncio.run_coroutine_threadsafe(self._run(code), self._loop).result(SECONDS + 5)

    async def _run(self, code: str) -> Ran:
        interpreter, messages = self.process.interpreter(), []
        interpreter.start()  # unless it is running
        self._runs += 1
        reply = await asyncio.wait_for(interpreter.run(f"run-{self._runs}", {"code": code}, messages.append), SECONDS)
        return Ran(messages, reply["content"])

    def wrapped(self, code: str, execution_id: str = "", longest: int = LONGEST) -> tuple[Ran, Told | None]:
        """As the connector sends it, and what the harness told."""
        name = execution_id or f"run-{id(self)}-{self._runs}"
        cell = make_cell(code, execution_id=name, longest_report=longest)
        ran = self.run(cell.text)
        return ran, read_stdout(ran.stream("stdout"), cell.nonce)

    def report(self, code: str, execution_id: str = "", longest: int = LONGEST) -> Report:
        """Of code whose run must be reported at once."""
        ran, told = self.wrapped(code, execution_id, longest)
        assert told is not None and told.report is not None, ran
        return told.report

    def start_detached(self, code: str, seconds: int = SECONDS) -> str:
        """Starts a run that goes on by itself, and returns its id."""
        name, told = self.ask_detached(code, seconds)
        assert told == Told(None, ""), told
        return name

    def ask_detached(self, code: str, seconds: int = SECONDS) -> tuple[str, Told | None]:
        """The id of a run that is to go on by itself, and what its cell tells."""
        self._runs += 1
        name = f"run-{id(self)}-{self._runs}"
        cell = make_cell(code, execution_id=name, longest_report=LONGEST, detached_seconds=seconds)
        return name, read_stdout(self.run(cell.text).stream("stdout"), cell.nonce)

    def detached(self, code: str, seconds: int = SECONDS) -> Report:
        """Of a run that goes on by itself, when it has ended."""
        name, until = self.start_detached(code, seconds), time.monotonic() + seconds + 5
        while time.monotonic() < until:
            with self.process.data.read(f"{FOLDER}/{name}", RECORD)[0] as file:
                record = read_record(file.read())
            assert record is not None
            if record.report is not None:
                return record.report
            time.sleep(0.01)
        raise TimeoutError(name)

    def restart(self) -> None:
        asyncio.run_coroutine_threadsafe(self.process.interpreter().end(), self._loop).result(SECONDS)

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self.process.close)


class Kernels:
    """Makes kernels, each of a session of its own."""

    def __init__(self, loop: asyncio.AbstractEventLoop, engine: Engine) -> None:
        self._loop = loop
        self._engine = engine

    @contextmanager
    def new(self) -> Iterator[Kernel]:
        launched: Future[SessionProcess] = asyncio.run_coroutine_threadsafe(self._engine.launch(), self._loop)
        kernel = Kernel(self._loop, launched.result(SECONDS))
        try:
            yield kernel
        finally:
            kernel.close()


@contextmanager
def running_kernels() -> Iterator[Kernels]:
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    engine = Engine()
    asyncio.run_coroutine_threadsafe(engine.start(), loop).result(60)
    try:
        yield Kernels(loop, engine)
    finally:
        asyncio.run_coroutine_threadsafe(engine.stop(), loop).result(SECONDS)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(5)
        loop.close()
