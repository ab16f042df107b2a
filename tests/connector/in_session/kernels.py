"""Kernels of real sessions, used directly instead of through a pool: all messages of a run are visible, in order."""

import asyncio
import io
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from connector.executions.terminal import shown
from connector.in_session.cell import make_cell
from connector.in_session.protocol import CANCEL, DATA, OUTPUTS_FOLDER, PROGRESS, RECORD
from connector.in_session.report import Record, Report, Reported, read_progress, read_record, read_stdout
from emulator.session_pool.engines.linux.engine import Engine
from emulator.session_pool.engines.linux.session_process import SessionProcess
from emulator.session_pool.engines.shared.frames import Message
from emulator.session_pool.sessions.execution import failure_text

SECONDS = 20
MAX_CHARACTERS = 1_000_000
T = TypeVar("T")

FILL_THE_FOLDER = (
    "f = open('/mnt/data/full', 'wb', buffering=0)\nfor size in (1 << 20, 1 << 10, 1):\n    try:\n"
    "        while True: f.write(bytes(size))\n    except OSError: pass\n"
)
"""Code that fills /mnt/data."""


def eventually(condition: Callable[[], T | None], seconds: float = SECONDS) -> T:
    """Calls `condition` until it returns a value other than None. Raises TimeoutError."""
    until = time.monotonic() + seconds
    while (found := condition()) is None:
        if time.monotonic() > until:
            raise TimeoutError
        time.sleep(0.01)
    return found


@dataclass
class Ran:
    """The messages and the reply of one cell."""

    messages: list[Message]
    reply: dict[str, Any]

    def stream(self, name: str) -> str:
        streams = [message["content"] for message in self.messages if message["type"] == "stream"]
        return "".join(content["text"] for content in streams if content["name"] == name)

    @property
    def failure(self) -> str:
        return failure_text(self.reply)


class Kernel:
    """A session's main interpreter. `run` and `wrapped` are for one thread."""

    def __init__(self, loop: asyncio.AbstractEventLoop, process: SessionProcess) -> None:
        self.loop = loop
        self.process = process
        self.messages: list[Message] = []  # of the last cell
        self._runs = 0

    def run(self, code: str) -> Ran:
        """Sends the code as any Jupyter client does. Raises InterpreterEnded."""
        return asyncio.run_coroutine_threadsafe(self.send(code), self.loop).result(SECONDS + 5)

    async def send(self, code: str) -> Ran:
        """As `run`, on the event loop."""
        interpreter, self.messages = self.process.interpreter(), []
        interpreter.start()  # if it is not running
        self._runs += 1
        reply = await asyncio.wait_for(
            interpreter.run(f"run-{self._runs}", {"code": code}, self.messages.append), SECONDS
        )
        return Ran(self.messages, reply["content"])

    def wrapped(
        self, code: str, execution_id: str = "", max_characters: int = MAX_CHARACTERS, data_folder: str = DATA
    ) -> tuple[Ran, Reported | None]:
        """Sends the code as the connector does. Returns also what the cell reported."""
        name = execution_id or f"run-{id(self)}-{self._runs}"
        cell = make_cell(code, execution_id=name, max_report_characters=max_characters, data_folder=data_folder)
        ran = self.run(cell.text)
        return ran, read_stdout(ran.stream("stdout"), cell.nonce)

    def short(self, code: str = "") -> tuple[Ran, Reported | None]:
        """Sends the code in a short cell, for an interpreter that has the payload."""
        self._runs += 1
        cell = make_cell(code, execution_id=f"short-{id(self)}-{self._runs}", max_report_characters=MAX_CHARACTERS)
        assert cell.short is not None
        ran = self.run(cell.short)
        return ran, read_stdout(ran.stream("stdout"), cell.nonce)

    def report(
        self, code: str, execution_id: str = "", max_characters: int = MAX_CHARACTERS, data_folder: str = DATA
    ) -> Report:
        """The report of code that must report at once, with the text that was sent before it."""
        ran, reported = self.wrapped(code, execution_id, max_characters, data_folder)
        assert reported is not None and reported.report is not None, ran
        report = reported.report
        stderr = shown(ran.stream("stderr") + report.stderr)
        return replace(report, stdout=shown(reported.before + report.stdout), stderr=stderr)

    def defer(self, code: str, seconds: int = SECONDS, execution_id: str = "") -> str:
        """Starts a deferred run, and returns its execution ID."""
        name, reported = self.try_to_defer(code, seconds, execution_id)
        assert reported == Reported(None, False, ""), reported
        return name

    def try_to_defer(self, code: str, seconds: int = SECONDS, execution_id: str = "") -> tuple[str, Reported | None]:
        """Like `defer`, but the run may be refused. Returns also what the cell reported."""
        self._runs += 1
        name = execution_id or f"run-{id(self)}-{self._runs}"
        cell = make_cell(code, execution_id=name, max_report_characters=MAX_CHARACTERS, deferred_seconds=seconds)
        return name, read_stdout(self.run(cell.text).stream("stdout"), cell.nonce)

    def file(self, execution_id: str, name: str) -> bytes | None:
        """A file in the execution's folder, if it exists."""
        try:
            with self.process.data.read(f"{OUTPUTS_FOLDER}/{execution_id}", name)[0] as file:
                return file.read()
        except OSError:
            return None

    def write_file(self, execution_id: str, name: str, content: bytes = b"{}") -> None:
        self.process.data.write(f"{OUTPUTS_FOLDER}/{execution_id}", name, io.BytesIO(content))

    def record(self, execution_id: str) -> Record | None:
        content = self.file(execution_id, RECORD)
        return None if content is None else read_record(content)

    def progress(self, execution_id: str, until: Callable[[Report], bool]) -> Report:
        """The progress of a deferred run, as soon as `until` is true for it."""

        def found() -> Report | None:
            content = self.file(execution_id, PROGRESS)
            report = None if content is None else read_progress(content)
            return report if report is not None and until(report) else None

        return eventually(found)

    def ended(self, execution_id: str, seconds: float = SECONDS + 5) -> Report:
        """The report of a deferred run, when it has ended."""

        def found() -> Report | None:
            record = self.record(execution_id)
            return None if record is None else record.report

        return eventually(found, seconds)

    def deferred(self, code: str, seconds: int = SECONDS) -> Report:
        """The report of a deferred run, when it has ended."""
        return self.ended(self.defer(code, seconds), seconds + 5)

    def cancel(self, execution_id: str) -> None:
        self.write_file(execution_id, CANCEL)

    def restart(self) -> None:
        asyncio.run_coroutine_threadsafe(self.process.interpreter().end(), self.loop).result(SECONDS)

    def close(self) -> None:
        self.loop.call_soon_threadsafe(self.process.close)


class Kernels:
    """Creates kernels, each in a new session."""

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
