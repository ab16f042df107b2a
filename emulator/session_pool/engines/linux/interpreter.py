"""One of a session's interpreters on Linux, from the server's side: it answers one request after the other.

A socket carries messages, and two pipes carry what its processes write to their standard streams. All three are read at
all times, so that no program waits for a reader unless it floods; what arrives outside of a request is dropped.
"""

import asyncio
import codecs
import fcntl
import os
import socket
import struct
import termios
from collections import deque
from collections.abc import Callable
from typing import Any, Protocol

from ..interface import InterpreterEnded, Message, Sink
from ..shared import frames, marks
from ..shared.intake import CHUNK_BYTES, Intake, Outcome
from ..shared.pace import Allowance, Slice

_SLICES_OF_A_SOCKET = 20
_LARGEST_PIPE_BYTES = 1 << 20  # to which a program without privileges may enlarge a pipe


class Init(Protocol):
    """What an interpreter needs of its session's init."""

    @property
    def is_closed(self) -> bool: ...

    def order(self, what: str, name: str, *fds: int) -> None: ...


class Interpreter:
    def __init__(self, name: str, init: Init) -> None:
        self._name = name
        self._init = init
        self._loop = asyncio.get_running_loop()
        self._connection: socket.socket | None = None
        self._unsent: deque[bytearray] = deque()
        """Requests, of which the first may be sent in part."""

        self._run_id = ""
        self._sink: Sink | None = None
        self._on_begin: Callable[[], None] = lambda: None
        self._reply: asyncio.Future[Message] | None = None
        self._when_ended: list[Callable[[], None]] = []
        self._allowance = Allowance()
        self._intakes: list[Intake] = []
        self.lost: InterpreterEnded | None = None
        """How it ended, if that was unexpected and outside of a request; until it is started again."""

    @property
    def is_running(self) -> bool:
        return self._connection is not None

    def start(self) -> None:
        """Starts a new one, without variables, unless one is running or the session has ended."""
        if self._init.is_closed or self.is_running:
            return
        self._connection, theirs = socket.socketpair()
        pipes = [os.pipe(), os.pipe()]
        self._init.order("start", self._name, theirs.fileno(), pipes[0][1], pipes[1][1])
        theirs.close()
        for _, write_end in pipes:
            os.close(write_end)
        self.lost = None
        self._unsent.clear()
        self._reader = frames.Reader()
        self._pipes = {pipe: stream for (pipe, _), stream in zip(pipes, ("stdout", "stderr"), strict=True)}
        self._outputs = {pipe: marks.OutputSinceMark() for pipe in self._pipes}
        self._decoders = {pipe: codecs.getincrementaldecoder("utf-8")("replace") for pipe in self._pipes}
        self._connection.setblocking(False)
        self._allowance.renew()
        self._intakes = [Intake(self._connection.fileno(), self._read_messages, self._allowance)]
        for pipe in self._pipes:
            os.set_blocking(pipe, False)
            self._intakes.append(Intake(pipe, self._reader_of(pipe), self._allowance))

    async def run(
        self, run_id: str, request: dict[str, Any], sink: Sink, on_begin: Callable[[], None] = lambda: None
    ) -> Message:
        """Passes what the request sends and writes to `sink`, and returns its `execute_reply`.

        What its processes write to their standard streams arrives as `stream` messages. Raises InterpreterEnded.
        """
        if self._connection is None:
            raise InterpreterEnded(0)
        self._run_id, self._sink, self._on_begin, mark = run_id, sink, on_begin, marks.new_mark()
        for pipe in self._pipes:
            self._outputs[pipe].expect(mark)
            self._decoders[pipe].reset()
        self._allowance.renew()
        reply: asyncio.Future[Message] = self._loop.create_future()
        self._reply = reply
        frame = bytearray(frames.encode(marks.with_mark({**request, "id": run_id}, mark)))
        size = len(frame)
        self._unsent.append(frame)
        self._send()
        try:
            return await reply
        finally:
            self._sink = self._reply = None
            if len(frame) == size:  # none of it was sent: it would be in the server's memory until it is read
                self._unsent = deque(other for other in self._unsent if other is not frame)

    def interrupt(self) -> None:
        """Raises KeyboardInterrupt in running code; ends a command."""
        self._init.order("interrupt", self._name)

    def kill(self) -> None:
        """Ends the interpreter and its process group; `run` then raises InterpreterEnded. Files stay."""
        self._init.order("kill", self._name)

    async def end(self) -> None:
        """Returns when the interpreter has ended. `start` starts another."""
        ended = asyncio.Event()
        self._when_ended.append(ended.set)
        if self.is_running:
            self.kill()
            await ended.wait()

    def ended(self, status: int, why: str) -> None:
        """The interpreter has ended: reads what is left, and ends the current request. Called by its process only."""
        if self._connection is not None:
            self._drain()
            for intake in self._intakes:
                intake.close()
            self._loop.remove_writer(self._connection)
            self._connection.close()
            for pipe in self._pipes:
                os.close(pipe)
            self._connection, self._pipes, self._intakes = None, {}, []
            end = InterpreterEnded(status, why)
            if self._reply is not None and not self._reply.done():
                self._reply.set_exception(end)
            elif not self._when_ended:
                self.lost = end
        while self._when_ended:
            self._when_ended.pop()()

    def _send(self) -> None:
        """Sends as much as the socket takes; the rest follows when the interpreter, which may be busy, has read some.

        A frame that was begun is always sent completely, even if its reply is no longer awaited.
        """
        assert self._connection is not None
        try:
            while self._unsent:
                del self._unsent[0][: self._connection.send(self._unsent[0])]
                if self._unsent[0]:
                    break
                self._unsent.popleft()
        except BlockingIOError:
            pass
        except OSError:
            self._unsent.clear()  # it has ended, which `ended` reports
        if self._unsent:
            self._loop.add_writer(self._connection, self._send)
        else:
            self._loop.remove_writer(self._connection)

    def _read_messages(self, current: Slice) -> Outcome:
        assert self._connection is not None
        received, is_last = b"", False
        try:
            while True:
                for message in self._reader.feed(received):
                    self._take(message)
                    if current.is_over:
                        return "more"
                if is_last:
                    return "nothing left"
                received = self._connection.recv(CHUNK_BYTES)
                if not received:
                    raise frames.BadFrame("the end of the connection")
                is_last = len(received) < CHUNK_BYTES
        except BlockingIOError:
            return "nothing left"
        except (frames.BadFrame, OSError):
            # It ended, or its code broke the channel: no more can be exchanged, and init reports how it ended.
            self.kill()
            return "ended"

    def _take(self, message: Message) -> None:
        if self._sink is None or self._reply is None or self._reply.done() or message.get("parent") != self._run_id:
            return  # of another request, whose threads or callbacks still write
        if message.get("type") == "status":
            self._on_begin()
        elif message.get("type") == "execute_reply":
            self._drain_pipes()  # written before the reply, so it has arrived
            self._reply.set_result(message)
        else:
            self._sink(message)

    def _reader_of(self, pipe: int) -> Callable[[Slice], Outcome]:
        def read(current: Slice) -> Outcome:
            try:
                while not current.is_over:
                    written = os.read(pipe, CHUNK_BYTES)
                    if not written:
                        return "ended"
                    self._take_written(pipe, written)
                    if len(written) < CHUNK_BYTES:
                        return "nothing left"
            except BlockingIOError:
                return "nothing left"
            return "more"

        return read

    def _drain(self) -> None:
        """Takes what has been written before the end: the socket's buffer is small."""
        for _ in range(_SLICES_OF_A_SOCKET):
            if self._read_messages(Slice()) != "more":
                break
        self._drain_pipes()

    def _drain_pipes(self) -> None:
        """Takes what the pipes hold now: a leftover process may write forever."""
        for pipe in self._pipes:
            (held,) = struct.unpack("i", fcntl.ioctl(pipe, termios.FIONREAD, bytes(4)))
            if held:
                self._take_written(pipe, os.read(pipe, min(held, _LARGEST_PIPE_BYTES)))

    def _take_written(self, pipe: int, written: bytes) -> None:
        if self._sink is not None:
            text = self._decoders[pipe].decode(self._outputs[pipe].feed(written))  # a read may end inside a character
            if text:
                self._sink({"type": "stream", "content": {"name": self._pipes[pipe], "text": text}})
