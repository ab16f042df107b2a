"""What the pool expects of an engine, and the types that both use.

An engine launches the processes of sessions. A session accesses its files through `data`, and has interpreters, each
with a name, that it can start, send requests to, interrupt and kill. Imports only what every system has.
"""

from collections.abc import Callable, Iterator
from typing import Any, BinaryIO, Literal, Protocol, get_args

from .shared.data_rules import (
    DATA,
    MAX_UPLOAD_BYTES,
    Entry,
    FolderGone,
    InvalidFolder,
    InvalidName,
    TooLarge,
    TooManyFiles,
    folder_parts,
)
from .shared.frames import Message
from .shared.limits import Limits
from .shared.messages import FAILURE, MAX_BYTES, failure_text
from .shared.pace import Allowance, Slice, pace

__all__ = [
    "Allowance",
    "CONTAINER_TYPES",
    "DATA",
    "FAILURE",
    "MAX_BYTES",
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
    "Slice",
    "TooLarge",
    "TooManyFiles",
    "failure_text",
    "folder_parts",
    "pace",
]

ContainerType = Literal["PythonLTS", "Shell"]
CONTAINER_TYPES: tuple[ContainerType, ...] = get_args(ContainerType)

Sink = Callable[[Message], None]


class EngineError(Exception):
    """Sessions cannot be created on this machine; the message states why, and what to do."""


class InterpreterEnded(Exception):
    """The interpreter has ended, and its variables are lost.

    `status` is its exit code, or minus the signal's number. `why` is not empty if the session's limits ended it.
    """

    def __init__(self, status: int, why: str = "") -> None:
        super().__init__(status, why)
        self.status, self.why = status, why


class Files(Protocol):
    """A session's data folder. Every method blocks on the disk: call from a thread.

    `folder` is relative to /mnt/data; `""` is /mnt/data itself. They raise InvalidName and InvalidFolder for names that
    the service refuses, FileNotFoundError for what does not exist, and FolderGone if the session has ended.
    """

    def write(self, folder: str, name: str, content: BinaryIO) -> Entry:
        """Stores all of `content` or nothing. Raises TooLarge."""

    def read(self, folder: str, name: str) -> tuple[BinaryIO, Entry]: ...

    def entry(self, folder: str, name: str) -> Entry: ...

    def delete(self, folder: str, name: str) -> None: ...

    def walk(self, folder: str, *, recursive: bool = False) -> Iterator[list[Entry]]:
        """What is in the folder, by name, in batches. Some are empty, and each takes less than a slice of time.

        Raises TooManyFiles.
        """


class Interpreter(Protocol):
    """One of a session's interpreters: it answers one request after the other."""

    @property
    def is_running(self) -> bool: ...

    @property
    def lost(self) -> InterpreterEnded | None:
        """How it ended, if that was unexpected and outside of a request; until it is started again."""

    def start(self) -> None:
        """Starts a new one, without variables, unless one is running or the session has ended."""

    async def run(
        self, run_id: str, request: dict[str, Any], sink: Sink, on_begin: Callable[[], None] = lambda: None
    ) -> Message:
        """Passes what the request sends and writes to `sink`, and returns its `execute_reply`.

        `request` is what the engine's program takes. `on_begin` is called when the request begins: until then it waits
        for what the interpreter's event loop is running. If `request` has `expires_at`, a time of the monotonic clock,
        it does not begin later, even if this is cancelled; its reply then has the status `aborted`. Raises
        InterpreterEnded.
        """

    def interrupt(self) -> None:
        """Raises KeyboardInterrupt in running code; ends a command."""

    def kill(self) -> None:
        """Ends the interpreter and its process group; `run` then raises InterpreterEnded. Files stay."""

    async def end(self) -> None:
        """Returns when the interpreter has ended. `start` starts another."""


class SessionProcess(Protocol):
    """The processes and files of one session."""

    @property
    def data(self) -> Files: ...

    @property
    def is_closed(self) -> bool:
        """The session has ended: `close` was called, or its processes ended on their own."""

    def interpreter(self, name: str = "main") -> Interpreter:
        """The session's interpreter of that name, which does not run until it is started."""

    def close(self) -> None:
        """Ends the session's processes, and its files with them. May be called twice."""


class Engine(Protocol):
    """Launches sessions. `launch` may be called concurrently."""

    @property
    def container_type(self) -> ContainerType: ...

    @property
    def level(self) -> int:
        """How far sessions are isolated, once it has started: 3, 2, or 1 for no isolation."""

    @property
    def isolation(self) -> str:
        """What separates the sessions from each other and from this machine, as a sentence for the console."""

    async def start(self) -> None:
        """Returns when sessions can be launched. Raises EngineError."""

    async def stop(self) -> None:
        """Ends every session, with its processes and files."""

    async def launch(self) -> SessionProcess:
        """A new session's process, with empty folders and no interpreter yet. Raises EngineError."""
