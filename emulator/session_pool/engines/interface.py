"""What the pool expects of an engine, whatever makes its processes: the words that both sides use.

An engine launches the processes of sessions. A session reaches its files through `data`, and has interpreters there,
each with a name, that it can start, give requests to, interrupt and kill. Imports what every system has.
"""

from collections.abc import Callable
from typing import Any, BinaryIO, Literal, Protocol, get_args

from .shared.data_rules import (
    DATA,
    MAX_UPLOAD_BYTES,
    Entry,
    FolderGone,
    InvalidFolder,
    InvalidName,
    TooLarge,
    folder_parts,
)
from .shared.frames import Message
from .shared.limits import Limits

__all__ = [
    "CONTAINER_TYPES",
    "DATA",
    "MAX_UPLOAD_BYTES",
    "ContainerType",
    "Engine",
    "EngineError",
    "Entry",
    "Files",
    "FolderGone",
    "Interpreter",
    "InterpreterEnded",
    "InvalidFolder",
    "InvalidName",
    "Limits",
    "Message",
    "SessionProcess",
    "Sink",
    "TooLarge",
    "folder_parts",
]

ContainerType = Literal["PythonLTS", "Shell"]
CONTAINER_TYPES: tuple[ContainerType, ...] = get_args(ContainerType)

Sink = Callable[[Message], None]


class EngineError(Exception):
    """Sessions cannot be made on this machine; the message says why and what to do."""


class InterpreterEnded(Exception):
    """The interpreter is gone, and with it the variables.

    `status` is its exit code, or minus the signal's number. `why` is there when the session's limits ended it.
    """

    def __init__(self, status: int, why: str = "") -> None:
        super().__init__(status, why)
        self.status, self.why = status, why


class Files(Protocol):
    """A session's data folder. Every method blocks on the disk: call from a thread.

    `folder` is relative to /mnt/data; `""` is that itself. They raise InvalidName and InvalidFolder for names the
    service refuses, FileNotFoundError for what is not there, and FolderGone when the session has ended.
    """

    def write(self, folder: str, name: str, content: BinaryIO) -> Entry:
        """Stores all of `content` or nothing. Raises TooLarge."""

    def read(self, folder: str, name: str) -> tuple[BinaryIO, Entry]: ...

    def entry(self, folder: str, name: str) -> Entry: ...

    def delete(self, folder: str, name: str) -> None: ...

    def list(self, folder: str, *, recursive: bool = False) -> list[Entry]: ...


class Interpreter(Protocol):
    """One of a session's interpreters: it answers one request after the other."""

    @property
    def is_running(self) -> bool: ...

    @property
    def lost(self) -> InterpreterEnded | None:
        """How it ended, when that was outside of a run and nobody asked for it; until it is started again."""

    def start(self) -> None:
        """A fresh one, without variables, unless one is running or the session is over."""

    async def run(self, run_id: str, request: dict[str, Any], sink: Sink) -> Message:
        """Gives `sink` what the interpreter says meanwhile, and returns its `execute_reply`.

        Raises InterpreterEnded.
        """

    def interrupt(self) -> None:
        """Raises KeyboardInterrupt in code that runs; ends a command."""

    def kill(self) -> None:
        """Ends the interpreter and all that it started; `run` then raises InterpreterEnded. Files stay."""

    async def end(self) -> None:
        """Returns when the interpreter is gone. `start` starts another."""


class SessionProcess(Protocol):
    """The processes and files of one session."""

    @property
    def data(self) -> Files: ...

    @property
    def is_closed(self) -> bool:
        """The session is over: `close` was called, or its processes ended by themselves."""

    def interpreter(self, name: str = "main") -> Interpreter:
        """The session's interpreter of that name, which is not running until it is started."""

    def close(self) -> None:
        """Ends the session's processes, and its files with them. May be called twice."""


class Engine(Protocol):
    """Makes sessions. `launch` may be called many times at once."""

    @property
    def container_type(self) -> ContainerType: ...

    @property
    def level(self) -> int:
        """How far sessions are isolated, once it has started: 3, 2, or 1 for not at all."""

    @property
    def isolation(self) -> str:
        """What separates the sessions from each other and from this machine, in words for whoever starts the pool."""

    async def start(self) -> None:
        """Returns when sessions can be launched. Raises EngineError."""

    async def stop(self) -> None:
        """Ends every session, with its processes and files."""

    async def launch(self) -> SessionProcess:
        """A new session's process, with empty folders and no interpreter yet. Raises EngineError."""
