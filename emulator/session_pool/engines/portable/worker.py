"""One subprocess of the portable engine, from the server's side: its messages, its two pipes, and its end.

Independent of sessions. Messages come over a loopback connection, which the engine has accepted, and orders go to the
subprocess's standard input; `interpreter.py` is what runs in it.
"""

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ..interface import ContainerType, InterpreterEnded
from ..shared import environment, frames, marks
from ..shared.intake import CHUNK_BYTES
from ..shared.pace import Allowance, Slice, pace
from .pipe import Pipe

SECRET_BYTES = 32
_PACKAGE_PARENT = Path(__file__).resolve().parents[__name__.count(".")]
_DRAIN_SECONDS = 1.0  # for what is still in the pipes of an ended process, if something else holds them open

# The server's environment may hold secrets: a session gets only what Python and programs need to run at all.
_INHERITED = (
    "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "DYLD_FALLBACK_LIBRARY_PATH", "SYSTEMROOT", "SYSTEMDRIVE", "WINDIR",
    "COMSPEC", "PATHEXT", "PROGRAMDATA", "PROGRAMFILES", "PROCESSOR_ARCHITECTURE", "NUMBER_OF_PROCESSORS", "APPDATA",
)  # fmt: skip


class Worker:
    """Starts at once, and belongs to the event loop that it starts in; `connect` and `enter` assign it to a session."""

    def __init__(self, container_type: ContainerType, pool_folder: Path, port: int, secret: bytes) -> None:
        self._loop = asyncio.get_running_loop()
        self.ready: asyncio.Future[None] = self._loop.create_future()
        """Done when its imports are; InterpreterEnded if it ended before."""

        self.ended: asyncio.Future[int] = self._loop.create_future()
        """Its exit code, or minus the signal's number, after all its messages have been read."""

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
        self._mark = marks.new_mark()
        self._allowance = Allowance()
        self._allowance.renew()
        self._pipes = [
            Pipe("stdout", self._popen.stdout, self._mark, self._allowance),
            Pipe("stderr", self._popen.stderr, self._mark, self._allowance),
        ]
        self._order(port=port, secret=secret.hex(), pool=str(pool_folder), mark=self._mark.decode())
        threading.Thread(target=self._wait, name=f"process-{self._popen.pid}", daemon=True).start()

    def connect(self, take: Callable[[frames.Message], None], take_written: Callable[[str, str], None]) -> None:
        """`take` receives its messages from now on, `take_written` the name and text of what its streams carry."""
        self._take = take
        for pipe in self._pipes:
            pipe.take = take_written

    def enter(self, folder: Path) -> None:
        """Makes it an interpreter of the session that has this folder."""
        self._order(session=str(folder))

    async def send(self, message: frames.Message) -> None:
        if self._writer is not None:
            self._writer.write(frames.encode(message))
            with contextlib.suppress(OSError):  # it has ended, which `ended` reports
                await self._writer.drain()

    async def written(self) -> None:
        """Returns when everything that the process wrote into its pipes until now has been read."""
        waiting = [pipe.next_mark() for pipe in self._pipes]
        if self._order(do="mark"):
            await asyncio.wait(waiting, timeout=_DRAIN_SECONDS)

    def expect(self, mark: bytes) -> None:
        """Drops what the streams carry until the request with this mark begins, and renews what it may send at once."""
        self._allowance.renew()
        for pipe in self._pipes:
            pipe.expect(mark)

    def interrupt(self) -> None:
        if hasattr(os, "killpg"):
            # Its group, as Jupyter does: os.system waits for a program and ignores interrupts itself.
            with contextlib.suppress(OSError):
                os.killpg(self._popen.pid, signal.SIGINT)
        else:
            self._order(do="interrupt")

    def kill(self) -> None:
        """Ends it and its process group; on Windows, the processes below it."""
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
    def last_output(self) -> str:
        """The end of what it wrote to stderr before a session used it, in one line."""
        return " ".join(self._pipes[1].last_text.split())[-500:]

    async def converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Reads its messages until it ends, or breaks the protocol."""
        self._writer, self._conversation = writer, asyncio.current_task()
        messages = frames.Reader()
        try:
            while received := await reader.read(CHUNK_BYTES):
                current = Slice()
                for message in messages.feed(received):
                    if message.get("type") == "ready" and not self.ready.done():
                        self.ready.set_result(None)
                    else:
                        self._take(message)
                    if current.is_over:
                        await self._pause(current)
                        current = Slice()
                await self._pause(current)
        except (frames.BadFrame, OSError):
            pass
        finally:
            writer.close()
            # It ended, or its code broke the channel: no more can be exchanged.
            self.kill()

    async def _pause(self, current: Slice) -> None:
        """Waits for a turn if it has sent more than others can bear."""
        self._allowance.spend(current.seconds)
        if self._allowance.is_spent:
            await pace().turn()

    def _order(self, **order: Any) -> bool:
        """Whether the order could be sent."""
        assert self._popen.stdin is not None
        try:
            self._popen.stdin.write(json.dumps(order).encode() + b"\n")
        except (OSError, ValueError):
            return False
        return True

    def _wait(self) -> None:
        """Runs in a separate thread."""
        status = self._popen.wait()
        if hasattr(os, "killpg"):
            with contextlib.suppress(OSError):
                os.killpg(self._popen.pid, signal.SIGKILL)  # the rest of its group
        for pipe in self._pipes:
            pipe.join(_DRAIN_SECONDS)
        assert self._popen.stdin is not None
        with contextlib.suppress(OSError):
            self._popen.stdin.close()
        with contextlib.suppress(RuntimeError):  # the server's loop has ended
            self._loop.call_soon_threadsafe(lambda: asyncio.ensure_future(self._gone(status)))

    async def _gone(self, status: int) -> None:
        if self._conversation is not None and not self._conversation.done():
            await asyncio.wait({self._conversation}, timeout=_DRAIN_SECONDS)
            self._conversation.cancel()
        if not self.ready.done():
            self.ready.set_exception(InterpreterEnded(status))
            self.ready.exception()  # it may not be awaited: prevents asyncio's warning
        self.ended.set_result(status)


def _environment(pool_folder: Path) -> dict[str, str]:
    cache = pool_folder / "cache"
    return {
        **environment.variables(os.environ.get("PATH", os.defpath)),
        **{name: os.environ[name] for name in _INHERITED if name in os.environ},
        "PYTHONUTF8": "1",
        "MPLCONFIGDIR": str(cache / "matplotlib"),
        "IPYTHONDIR": str(cache / "ipython"),
        "XDG_CACHE_HOME": str(cache),
    }
