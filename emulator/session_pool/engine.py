"""How a session's process is made, from the server's side: the only module here that knows of the zygote.

An engine launches `SessionProcess`es; a session asks its process to run code and to be interrupted, killed or started
anew, and reaches its files through `data`. Another engine may take this one's place without the pool noticing.
"""

import asyncio
import codecs
import os
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from . import frames, zygote
from .data_folder import DataFolder

_PACKAGE_PARENT = Path(__file__).resolve().parents[2]
_START_SECONDS = 120  # a cold disk, and matplotlib building its font list

Sink = Callable[[frames.Message], None]


class EngineError(Exception):
    """Sessions cannot be made on this machine; the message says why and what to do."""


class InterpreterEnded(Exception):
    """The interpreter is gone, and with it the variables. `status` is its exit code, or minus the signal's number."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


class Engine:
    """One zygote, and the sessions forked from it. `launch` may be called many times at once."""

    def __init__(self, *, data_bytes: int = 1100 << 20, namespaces: bool | None = None) -> None:
        """`data_bytes` caps each of a session's folders; `namespaces` None takes them where the kernel gives them."""
        self._data_bytes = data_bytes
        self._namespaces = namespaces
        self._zygote: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None

    @property
    def isolation(self) -> str:
        """What separates the sessions from each other and from this machine, in words for whoever starts the pool."""
        if self._namespaces:
            own = "each session has its own processes and files"
        else:
            own = "the kernel gives no namespaces here: each session has a folder that only Python sees as /mnt/data"
        return (
            f"not isolated: {own}, but shares this machine's network, memory and kernel; run only code that you trust"
        )

    async def start(self) -> None:
        """Returns when sessions can be launched. Raises EngineError."""
        if not sys.platform.startswith("linux"):
            raise EngineError("the embedded session pool needs Linux; on this system, run it in a container or a VM")
        if self._namespaces is not False:
            refusal = await self._start_zygote("namespaces")
            if refusal is None:
                self._namespaces = True
                return
            if self._namespaces:
                raise EngineError(f"the kernel does not give this user namespaces of their own ({refusal})")
        refusal = await self._start_zygote("shared")
        if refusal is not None:
            raise EngineError(f"sessions cannot be made here: {refusal}")
        self._namespaces = False

    async def _start_zygote(self, isolation: str) -> str | None:
        """None when it can fork sessions, else why this isolation is not to be had. Raises EngineError."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._zygote = subprocess.Popen(
            [sys.executable, "-m", zygote.__name__, str(theirs.fileno()), isolation, str(self._data_bytes)],
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
            env=zygote.ENVIRONMENT,
            cwd=_PACKAGE_PARENT,
            start_new_session=True,  # a Ctrl-C in the terminal is for the server
        )
        theirs.close()
        ours.settimeout(_START_SECONDS)
        self._control = ours
        try:
            event, _ = await asyncio.to_thread(zygote.receive, ours)
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
        if self._zygote is not None:
            try:
                await asyncio.to_thread(self._zygote.wait, 3)
            except subprocess.TimeoutExpired:
                self._zygote.kill()
                self._zygote.wait()

    async def launch(self) -> "SessionProcess":
        """A new session's process, with empty folders and a fresh interpreter. Raises EngineError."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        ours.setblocking(False)
        try:
            assert self._control is not None, "start the engine first"
            zygote.send(self._control, {"do": "fork"}, (theirs.fileno(),))
        except OSError:
            ours.close()
            raise EngineError("the process that sessions are forked from has ended; restart the emulator") from None
        finally:
            theirs.close()
        process = SessionProcess(ours)
        await process.made()
        process.start()
        return process


class SessionProcess:
    """The processes of one session: its init, and the interpreter while there is one."""

    data: DataFolder

    def __init__(self, control: socket.socket) -> None:
        """`control` leads to the init. Call in the event loop that will use this."""
        self._loop = asyncio.get_running_loop()
        self._control = control
        self._made: asyncio.Future[None] = self._loop.create_future()
        self._interpreter: _Interpreter | None = None
        self._when_ended: list[Callable[[], None]] = []
        self._loop.add_reader(control, self._read_event)

    async def made(self) -> None:
        """Returns when the session's folders are there. Raises EngineError."""
        await self._made

    @property
    def has_interpreter(self) -> bool:
        return self._interpreter is not None

    @property
    def is_closed(self) -> bool:
        """The session is over: `close` was called, or its init ended, as it may when memory runs out."""
        return self._control.fileno() < 0

    def start(self) -> None:
        """Gives the session a fresh interpreter, with no variables, beside the same files. Not when it is closed."""
        if self.is_closed:
            return
        ours, theirs = socket.socketpair()
        pipes = [os.pipe(), os.pipe()]
        self._tell("start", theirs.fileno(), pipes[0][1], pipes[1][1])
        theirs.close()
        for _, write_end in pipes:
            os.close(write_end)
        self._interpreter = _Interpreter(self, ours, [read_end for read_end, _ in pipes])

    async def run(self, run_id: str, code: str, sink: Sink) -> frames.Message:
        """Runs `code`; gives `sink` what the kernel says meanwhile, and returns its `execute_reply`.

        What the code's processes wrote past Python comes to `sink` as `stream` messages too. Raises InterpreterEnded.
        """
        if self._interpreter is None:
            raise InterpreterEnded(0)
        return await self._interpreter.run(run_id, code, sink)

    def interrupt(self) -> None:
        """Raises KeyboardInterrupt in the code that runs."""
        self._tell("interrupt")

    def kill(self) -> None:
        """Ends the interpreter and all that it started; `run` then raises InterpreterEnded. Files stay."""
        self._tell("kill")

    async def end_interpreter(self) -> None:
        """Returns when the interpreter is gone. `start` gives the session another."""
        ended = asyncio.Event()
        self._when_ended.append(ended.set)
        if self.has_interpreter:
            self.kill()
            await ended.wait()

    def close(self) -> None:
        """Ends the session's processes, and its files with them. May be called twice."""
        if self.is_closed:
            return
        self._loop.remove_reader(self._control)
        self._control.close()  # init ends with it
        self._end_interpreter(0)
        if self._made.done() and self._made.exception() is None:
            self.data.close()

    def _tell(self, what: str, *fds: int) -> None:
        try:
            zygote.send(self._control, {"do": what}, fds)
        except OSError:
            pass  # the init is gone: its end says so

    def _read_event(self) -> None:
        try:
            event, fds = zygote.receive(self._control)
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
            self._end_interpreter(event["status"])

    def _end_interpreter(self, status: int) -> None:
        if self._interpreter is not None:
            self._interpreter.end(status)
            self._interpreter = None
        while self._when_ended:
            self._when_ended.pop()()


class _Interpreter:
    """The server's end of one interpreter: a socket for messages, and two pipes for its processes' raw output.

    All three are read at all times, so that no program waits for a reader: outside a run, what comes is dropped.
    """

    def __init__(self, process: SessionProcess, connection: socket.socket, pipes: list[int]) -> None:
        self._process = process
        self._loop = asyncio.get_running_loop()
        self._connection = connection
        self._pipes = dict(zip(pipes, ("stdout", "stderr"), strict=True))
        self._decoders = {pipe: codecs.getincrementaldecoder("utf-8")("replace") for pipe in pipes}
        self._reader = frames.Reader()
        self._run_id = ""
        self._sink: Sink | None = None
        self._reply: asyncio.Future[frames.Message] | None = None
        connection.setblocking(False)
        self._loop.add_reader(connection, self._read_messages)
        for pipe in pipes:
            os.set_blocking(pipe, False)
            self._loop.add_reader(pipe, self._read_pipe, pipe)

    async def run(self, run_id: str, code: str, sink: Sink) -> frames.Message:
        self._drain_pipes()  # what was written since the last run belongs to none
        for decoder in self._decoders.values():
            decoder.reset()
        self._run_id, self._sink = run_id, sink
        self._reply = self._loop.create_future()
        try:
            await self._loop.sock_sendall(self._connection, frames.encode({"id": run_id, "code": code}))
        except OSError:
            pass  # it has ended; `end` says how
        try:
            return await self._reply
        finally:
            self._sink = self._reply = None

    def end(self, status: int) -> None:
        """The interpreter is gone: takes what it left, and ends the run in progress."""
        self._drain_pipes()
        self._loop.remove_reader(self._connection)
        self._connection.close()
        for pipe in self._pipes:
            self._loop.remove_reader(pipe)
            os.close(pipe)
        self._pipes = {}
        if self._reply is not None and not self._reply.done():
            self._reply.set_exception(InterpreterEnded(status))

    def _read_messages(self) -> None:
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
            self._process.kill()

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
