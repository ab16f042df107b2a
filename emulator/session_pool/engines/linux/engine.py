"""How a session's processes are made, from the server's side: the only module here that knows of the supervisor.

An engine launches `SessionProcess`es. A session reaches its files through `data`, and has interpreters there, each with
a name, that it can start, give requests to, interrupt and kill. Another engine may take this one's place without the
pool noticing.
"""

import asyncio
import codecs
import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from .. import shared
from ..interface import ContainerType, EngineError, InterpreterEnded, Sink
from ..shared import frames
from ..shared.limits import Limits
from . import control, supervisor
from .data_folder import DataFolder
from .isolation import LEVELS

_PACKAGE_PARENT = Path(__file__).resolve().parents[__name__.count(".")]
_START_SECONDS = 120  # a cold disk, and matplotlib building its font list

_PROGRAMS: dict[ContainerType, str] = {
    "PythonLTS": f"{shared.__name__}.interpreter",
    "Shell": f"{shared.__name__}.shell",
}


class Engine:
    """One supervisor, and the sessions below it. `launch` may be called many times at once."""

    def __init__(
        self,
        container_type: ContainerType = "PythonLTS",
        *,
        limits: Limits = Limits(),  # noqa: B008
        lowest_level: int = 2,
        highest_level: int = 3,
    ) -> None:
        """`start` takes the highest level of isolation between these that the machine gives."""
        self.container_type = container_type
        self.level = 0
        self._limits = limits
        self._levels = [level for level in sorted(LEVELS, reverse=True) if lowest_level <= level <= highest_level]
        self._supervisor: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None

    @property
    def isolation(self) -> str:
        """What separates the sessions from each other and from this machine, in words for whoever starts the pool."""
        network = "this machine's network" if self._limits.network else "no network"
        if self.level == 3:
            return (
                f"level 3: own users, processes, files; {network}; limits; the kernel is shared, see docs/isolation.md"
            )
        return (
            f"level 2: {network} and a folder that only Python sees as /mnt/data; limits for each process; the kernel "
            "gives no namespaces here, see docs/isolation.md"
        )

    async def start(self) -> None:
        """Returns when sessions can be launched. Raises EngineError."""
        refusals = []
        for level in self._levels:
            refusal = await self._start_supervisor(level)
            if refusal is None:
                self.level = level
                return
            refusals.append(f"level {level}: {refusal}")
        raise EngineError(f"sessions cannot be made here: {'; '.join(refusals)}")

    async def _start_supervisor(self, level: int) -> str | None:
        """None when it can fork sessions, else why this level is not to be had. Raises EngineError."""
        ours, theirs = control.pair()
        self._supervisor = subprocess.Popen(
            [
                *(sys.executable, "-m", supervisor.__name__),
                *(str(theirs.fileno()), str(level), json.dumps(asdict(self._limits)), _PROGRAMS[self.container_type]),
            ],
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
            env=supervisor.ENVIRONMENT,
            cwd=_PACKAGE_PARENT,
            start_new_session=True,  # a Ctrl-C in the terminal is for the server
        )
        theirs.close()
        ours.settimeout(_START_SECONDS)
        self._control = ours
        try:
            event, _ = await asyncio.to_thread(control.receive, ours)
        except TimeoutError:
            event = None
        if event is not None and event["event"] == "ready":
            return None
        await self.stop()
        if event is None:
            raise EngineError("the process that sessions are forked from did not start; its own words stand above")
        return str(event["why"])

    async def stop(self) -> None:
        """Ends every session, with its processes and files."""
        if self._control is not None:
            self._control.close()
        if self._supervisor is not None:
            try:
                await asyncio.to_thread(self._supervisor.wait, 3)
            except subprocess.TimeoutExpired:
                self._supervisor.kill()
                self._supervisor.wait()

    async def launch(self) -> "SessionProcess":
        """A new session's process, with empty folders; its main interpreter is starting. Raises EngineError."""
        ours, theirs = control.pair()
        ours.setblocking(False)
        process = SessionProcess(ours)
        process.interpreter().start()  # an init expects that at once: the interpreter is forked while it makes folders
        try:
            assert self._control is not None, "start the engine first"
            control.send(self._control, {"do": "fork"}, [theirs.fileno()])
        except OSError:
            process.close()
            raise EngineError("the process that sessions are forked from has ended; restart the emulator") from None
        finally:
            theirs.close()
        await process.made()
        return process


class SessionProcess:
    """The processes of one session: its init, and interpreters while there are some."""

    data: DataFolder

    def __init__(self, connection: socket.socket) -> None:
        """`connection` leads to the init. Call in the event loop that will use this."""
        self._loop = asyncio.get_running_loop()
        self._control = connection
        self._made: asyncio.Future[None] = self._loop.create_future()
        self._interpreters: dict[str, Interpreter] = {}
        self._loop.add_reader(connection, self._read_event)

    async def made(self) -> None:
        """Returns when the session's folders are there. Raises EngineError."""
        await self._made

    @property
    def is_closed(self) -> bool:
        """The session is over: `close` was called, or its init ended, as it may when memory runs out."""
        return self._control.fileno() < 0

    def interpreter(self, name: str = "main") -> "Interpreter":
        """The session's interpreter of that name, which is not running until it is started."""
        if name not in self._interpreters:
            self._interpreters[name] = Interpreter(name, self)
        return self._interpreters[name]

    def close(self) -> None:
        """Ends the session's processes, and its files with them. May be called twice."""
        if self.is_closed:
            return
        self._loop.remove_reader(self._control)
        self._control.close()  # init ends with it
        for interpreter in self._interpreters.values():
            interpreter.ended(0, "")
        if self._made.done() and self._made.exception() is None:
            self.data.close()

    def tell(self, what: str, name: str, *fds: int) -> None:
        """Asks init to start, interrupt or kill an interpreter. For the interpreters alone."""
        try:
            control.send(self._control, {"do": what, "name": name}, fds)
        except OSError:
            pass  # the init is gone: its end says so

    def _read_event(self) -> None:
        try:
            event, fds = control.receive(self._control)
        except OSError:
            event, fds = None, []
        if event is None:
            if not self._made.done():
                self._made.set_exception(EngineError("a session's process ended while it was made"))
            self.close()
        elif event["event"] == "made":
            self.data = DataFolder(fds[0])
            self._made.set_result(None)
        elif event["event"] == "failed":
            if not self._made.done():
                self._made.set_exception(EngineError(f"a session's process could not be made: {event['why']}"))
        else:
            self._interpreters[event["name"]].ended(event["status"], event["why"])


class Interpreter:
    """One of a session's interpreters, from the server's side: it answers one request after the other.

    A socket carries messages, and two pipes what its processes write past it. All three are read at all times, so that
    no program waits for a reader: outside a run, what comes is dropped.
    """

    def __init__(self, name: str, process: SessionProcess) -> None:
        self._name = name
        self._process = process
        self._loop = asyncio.get_running_loop()
        self._connection: socket.socket | None = None
        self._run_id = ""
        self._sink: Sink | None = None
        self._reply: asyncio.Future[frames.Message] | None = None
        self._when_ended: list[Callable[[], None]] = []
        self.lost: InterpreterEnded | None = None
        """How it ended, when that was outside of a run and nobody asked for it; until it is started again."""

    @property
    def is_running(self) -> bool:
        return self._connection is not None

    def start(self) -> None:
        """A fresh one, without variables, unless one is running or the session is over."""
        if self._process.is_closed or self.is_running:
            return
        self._connection, theirs = socket.socketpair()
        pipes = [os.pipe(), os.pipe()]
        self._process.tell("start", self._name, theirs.fileno(), pipes[0][1], pipes[1][1])
        theirs.close()
        for _, write_end in pipes:
            os.close(write_end)
        self.lost = None
        self._reader = frames.Reader()
        self._pipes = {pipe: stream for (pipe, _), stream in zip(pipes, ("stdout", "stderr"), strict=True)}
        self._decoders = {pipe: codecs.getincrementaldecoder("utf-8")("replace") for pipe in self._pipes}
        self._connection.setblocking(False)
        self._loop.add_reader(self._connection, self._read_messages)
        for pipe in self._pipes:
            os.set_blocking(pipe, False)
            self._loop.add_reader(pipe, self._read_pipe, pipe)

    async def run(self, run_id: str, request: dict[str, Any], sink: Sink) -> frames.Message:
        """Gives `sink` what the interpreter says meanwhile, and returns its `execute_reply`.

        `request` is what the engine's program takes. What processes wrote past it comes to `sink` as `stream` messages
        too. Raises InterpreterEnded.
        """
        if self._connection is None:
            raise InterpreterEnded(0)
        self._drain_pipes()  # what was written since the last run belongs to none
        for decoder in self._decoders.values():
            decoder.reset()
        self._run_id, self._sink = run_id, sink
        self._reply = self._loop.create_future()
        try:
            await self._loop.sock_sendall(self._connection, frames.encode({**request, "id": run_id}))
        except OSError:
            pass  # it has ended; `ended` says how
        try:
            return await self._reply
        finally:
            self._sink = self._reply = None

    def interrupt(self) -> None:
        """Raises KeyboardInterrupt in code that runs; ends a command."""
        self._process.tell("interrupt", self._name)

    def kill(self) -> None:
        """Ends the interpreter and all that it started; `run` then raises InterpreterEnded. Files stay."""
        self._process.tell("kill", self._name)

    async def end(self) -> None:
        """Returns when the interpreter is gone. `start` starts another."""
        gone = asyncio.Event()
        self._when_ended.append(gone.set)
        if self.is_running:
            self.kill()
            await gone.wait()

    def ended(self, status: int, why: str) -> None:
        """The interpreter is gone: takes what it left, and ends the run in progress. For its process alone."""
        if self._connection is not None:
            self._drain_pipes()
            self._loop.remove_reader(self._connection)
            self._connection.close()
            for pipe in self._pipes:
                self._loop.remove_reader(pipe)
                os.close(pipe)
            self._connection, self._pipes = None, {}
            end = InterpreterEnded(status, why)
            if self._reply is not None and not self._reply.done():
                self._reply.set_exception(end)
            elif not self._when_ended:
                self.lost = end
        while self._when_ended:
            self._when_ended.pop()()

    def _read_messages(self) -> None:
        assert self._connection is not None
        try:
            received = self._connection.recv(1 << 18)
        except BlockingIOError:
            return
        except OSError:
            received = b""
        try:
            if not received:
                raise frames.BadFrame("the end of the conversation")
            for message in self._reader.feed(received):
                self._take(message)
        except frames.BadFrame:
            # It ended, or its code broke the channel: there is no more talking to it, and init tells how it ended.
            self._loop.remove_reader(self._connection)
            self.kill()

    def _take(self, message: frames.Message) -> None:
        if self._sink is None or self._reply is None or self._reply.done() or message.get("parent") != self._run_id:
            return  # of an earlier run, whose threads write on: the kernel names the run that each message belongs to
        if message.get("type") != "execute_reply":
            self._sink(message)
        else:
            self._drain_pipes()  # written before the reply, so it is there
            self._reply.set_result(message)

    def _read_pipe(self, pipe: int) -> bool:
        """Takes what is there, up to 256 KiB. False when there is nothing (more)."""
        try:
            written = os.read(pipe, 1 << 18)
        except BlockingIOError:
            return False
        if not written:
            self._loop.remove_reader(pipe)
            return False
        if self._sink is not None:
            text = self._decoders[pipe].decode(written)  # a read may end inside a character
            self._sink({"type": "stream", "content": {"name": self._pipes[pipe], "text": text}})
        return True

    def _drain_pipes(self) -> None:
        for pipe in self._pipes:
            for _ in range(64):  # a process left behind may go on writing for ever
                if not self._read_pipe(pipe):
                    break
