"""One subprocess of the plain engine, from the server's side: its messages, its two pipes, and its end.

Knows nothing of sessions: whoever has it says who hears it. Messages come over a loopback connection, which the engine
has accepted, and orders go to its standard input; `interpreter.py` is what runs in it. Pipes are read by threads,
which every system can.
"""

import asyncio
import codecs
import contextlib
import json
import os
import secrets
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

from ..interface import ContainerType, InterpreterEnded
from ..shared import frames

SECRET_BYTES = 32
_PACKAGE_PARENT = Path(__file__).resolve().parents[__name__.count(".")]
_LAST_WORDS_SECONDS = 1.0  # for what an ended process has still in its pipes, when something else holds them open

# Of the server's environment, which may hold secrets, a session gets what Python and programs need to run at all.
_PASSED_ON = (
    "PATH", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "DYLD_FALLBACK_LIBRARY_PATH",
    "SYSTEMROOT", "SYSTEMDRIVE", "WINDIR", "COMSPEC", "PATHEXT", "PROGRAMDATA", "PROGRAMFILES",
    "PROCESSOR_ARCHITECTURE", "NUMBER_OF_PROCESSORS", "APPDATA",
)  # fmt: skip


class Worker:
    """Starts at once. Belongs to the event loop in which it was made. `hear` and `enter` give it to a session."""

    def __init__(self, container_type: ContainerType, pool_folder: Path, port: int, secret: bytes) -> None:
        self._loop = asyncio.get_running_loop()
        self.ready: asyncio.Future[None] = self._loop.create_future()
        """Done when its imports are; InterpreterEnded when it ended before."""

        self.ended: asyncio.Future[int] = self._loop.create_future()
        """Its exit code, or minus the signal's number. Everything that it said was heard by then."""

        self._writer: asyncio.StreamWriter | None = None
        self._conversation: asyncio.Task[Any] | None = None
        self._take: Callable[[frames.Message], None] = lambda _: None
        self._popen = subprocess.Popen(
            [sys.executable, "-m", f"{__package__}.interpreter", container_type],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
            cwd=_PACKAGE_PARENT,
            env=_environment(pool_folder),
            # Its own group on every system: a Ctrl-C in the terminal is for the server.
            start_new_session=True,
            creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
        )
        assert self._popen.stdout is not None and self._popen.stderr is not None
        self._mark = b"\0" + secrets.token_bytes(16)
        self._pipes = [
            Pipe("stdout", self._popen.stdout, self._mark, self._loop),
            Pipe("stderr", self._popen.stderr, self._mark, self._loop),
        ]
        self._tell(port=port, secret=secret.hex(), pool=str(pool_folder))
        threading.Thread(target=self._wait, name=f"process-{self._popen.pid}", daemon=True).start()

    def hear(self, take: Callable[[frames.Message], None], take_written: Callable[[str, str], None]) -> None:
        """`take` gets its messages from now on, and `take_written` the name and text of what is written past them."""
        self._take = take
        for pipe in self._pipes:
            pipe.take = take_written

    def enter(self, folder: Path) -> None:
        """Makes it an interpreter of the session that has this folder."""
        self._tell(session=str(folder))

    async def send(self, message: frames.Message) -> None:
        if self._writer is not None:
            self._writer.write(frames.encode(message))
            with contextlib.suppress(OSError):  # it has ended; `ended` says how
                await self._writer.drain()

    async def written(self) -> None:
        """Returns when all has been taken that the process wrote into its pipes until now."""
        waiting = [pipe.next_mark() for pipe in self._pipes]
        if self._tell(do="mark", mark=self._mark.hex()):
            await asyncio.wait(waiting, timeout=_LAST_WORDS_SECONDS)

    def forget_half_characters(self) -> None:
        for pipe in self._pipes:
            pipe.decoder.reset()

    def interrupt(self) -> None:
        if hasattr(os, "killpg"):
            # Its group, as Jupyter does: os.system waits for a program and takes no notice of interrupts itself.
            with contextlib.suppress(OSError):
                os.killpg(self._popen.pid, signal.SIGINT)
        else:
            self._tell(do="interrupt")

    def kill(self) -> None:
        """Ends it and all that it started, as far as the system can tell."""
        if self.ended.done():
            return
        if hasattr(os, "killpg"):
            with contextlib.suppress(OSError):
                os.killpg(self._popen.pid, signal.SIGKILL)
        else:
            with contextlib.suppress(OSError, subprocess.TimeoutExpired):
                command = ["taskkill", "/F", "/T", "/PID", str(self._popen.pid)]
                subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=5, check=False)
            with contextlib.suppress(OSError):
                self._popen.kill()

    @property
    def last_words(self) -> str:
        """The end of what it wrote while no session had it, in one line."""
        return " ".join(self._pipes[1].heard.split())[-500:]

    async def converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Hears its messages until it ends, or breaks the channel."""
        self._writer, self._conversation = writer, asyncio.current_task()
        messages = frames.Reader()
        try:
            while received := await reader.read(1 << 18):
                for message in messages.feed(received):
                    if message.get("type") == "ready" and not self.ready.done():
                        self.ready.set_result(None)
                    else:
                        self._take(message)
        except (frames.BadFrame, OSError):
            pass
        finally:
            writer.close()
            # It ended, or its code broke the channel: there is no more talking to it.
            self.kill()

    def _tell(self, **order: Any) -> bool:
        """Whether the order could be given."""
        assert self._popen.stdin is not None
        try:
            self._popen.stdin.write(json.dumps(order).encode() + b"\n")
        except (OSError, ValueError):
            return False
        return True

    def _wait(self) -> None:
        """In a thread of its own."""
        status = self._popen.wait()
        if hasattr(os, "killpg"):
            with contextlib.suppress(OSError):
                os.killpg(self._popen.pid, signal.SIGKILL)  # what it left running
        for pipe in self._pipes:
            pipe.join(_LAST_WORDS_SECONDS)
        assert self._popen.stdin is not None
        with contextlib.suppress(OSError):
            self._popen.stdin.close()
        with contextlib.suppress(RuntimeError):  # the server's loop has ended
            self._loop.call_soon_threadsafe(lambda: asyncio.ensure_future(self._gone(status)))

    async def _gone(self, status: int) -> None:
        if self._conversation is not None and not self._conversation.done():
            await asyncio.wait({self._conversation}, timeout=_LAST_WORDS_SECONDS)
            self._conversation.cancel()
        if not self.ready.done():
            self.ready.set_exception(InterpreterEnded(status))
            self.ready.exception()  # somebody may be waiting for it, or nobody
        self.ended.set_result(status)


class Pipe:
    """What a subprocess writes to one of its standard streams, read at all times so that it never has to wait."""

    def __init__(self, name: str, pipe: IO[bytes], mark: bytes, loop: asyncio.AbstractEventLoop) -> None:
        self.take: Callable[[str, str], None] | None = None
        self.heard = ""
        """The last of what came while nobody took it."""

        self.decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._name = name
        self._pipe = pipe
        self._mark = mark
        self._loop = loop
        self._held = b""
        self._waiting: list[asyncio.Future[None]] = []
        self._has_ended = False
        self._thread = threading.Thread(target=self._read, name=f"pipe-{name}", daemon=True)
        self._thread.start()

    def next_mark(self) -> asyncio.Future[None]:
        """Done when the mark has come, and with it all that was written before."""
        future: asyncio.Future[None] = self._loop.create_future()
        if self._has_ended:
            future.set_result(None)
        else:
            self._waiting.append(future)
        return future

    def join(self, seconds: float) -> None:
        """Call in a thread: waits for the end of what is written, but not for ever."""
        self._thread.join(seconds)

    def _read(self) -> None:
        """In a thread of its own. One piece at a time: who writes faster than the server takes it has to wait."""
        taken = threading.Semaphore(0)
        while True:
            try:
                written = self._pipe.read(1 << 18)
            except (OSError, ValueError):
                written = b""
            try:
                self._loop.call_soon_threadsafe(self._feed, written, taken.release)
            except RuntimeError:  # the server's loop has ended
                return
            if not written:
                self._pipe.close()
                return
            taken.acquire()

    def _feed(self, written: bytes, taken: Callable[[], None]) -> None:
        taken()
        self._held += written
        while (at := self._held.find(self._mark)) >= 0:
            self._decode(self._held[:at])
            self._held = self._held[at + len(self._mark) :]
            self._marked()
        # A mark may have come in part; what cannot be one goes on at once.
        split = self._held.rfind(self._mark[:1], max(0, len(self._held) - len(self._mark) + 1)) if written else -1
        if split < 0 or not self._mark.startswith(self._held[split:]):
            split = len(self._held)
        self._decode(self._held[:split])
        self._held = self._held[split:]
        if not written:
            self._has_ended = True
            self._marked()

    def _marked(self) -> None:
        while self._waiting:
            waiting = self._waiting.pop()
            if not waiting.done():
                waiting.set_result(None)

    def _decode(self, written: bytes) -> None:
        text = self.decoder.decode(written)  # a read may end inside a character
        if not text:
            return
        if self.take is None:
            self.heard = (self.heard + text)[-4096:]
        else:
            self.take(self._name, text)


def _environment(pool_folder: Path) -> dict[str, str]:
    cache = pool_folder / "cache"
    return {
        **{name: os.environ[name] for name in _PASSED_ON if name in os.environ},
        "PYTHONUTF8": "1",
        "MPLBACKEND": "module://matplotlib_inline.backend_inline",
        "MPLCONFIGDIR": str(cache / "matplotlib"),
        "IPYTHONDIR": str(cache / "ipython"),
        "XDG_CACHE_HOME": str(cache),
    }
