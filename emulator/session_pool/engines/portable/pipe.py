"""A standard stream of a subprocess: read at all times, in a thread, which works on every system.

On the server's order the subprocess writes a mark into it, and so the server learns that all output before has arrived.
Another mark, of the request, shows where the request's output begins.
"""

import asyncio
import codecs
import threading
from collections.abc import Callable
from typing import IO

from ..shared.intake import CHUNK_BYTES
from ..shared.marks import OutputSinceMark
from ..shared.pace import Allowance, Slice, pace


class Pipe:
    """The server's end. `mark` is the one that the subprocess writes on order. Create it in the server's event loop."""

    def __init__(self, name: str, pipe: IO[bytes], mark: bytes, allowance: Allowance) -> None:
        self.take: Callable[[str, str], None] | None = None
        self.last_text = ""
        """The end of what was written before there was a `take`."""

        self._name = name
        self._pipe = pipe
        self._mark = mark
        self._loop = asyncio.get_running_loop()
        self._pace = pace()
        self._allowance = allowance
        self._output = OutputSinceMark()
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._held = b""
        self._waiting: list[asyncio.Future[None]] = []
        self._has_ended = False
        self._thread = threading.Thread(target=self._read, name=f"pipe-{name}", daemon=True)
        self._thread.start()

    def expect(self, mark: bytes) -> None:
        """Drops everything until this mark of a request."""
        self._output.expect(mark)
        self._decoder.reset()

    def next_mark(self) -> asyncio.Future[None]:
        """Done when the next mark has arrived, and with it everything written before."""
        future: asyncio.Future[None] = self._loop.create_future()
        if self._has_ended:
            future.set_result(None)
        else:
            self._waiting.append(future)
        return future

    def join(self, seconds: float) -> None:
        """Call in a thread: waits for the end of the stream, but no longer than that."""
        self._thread.join(seconds)

    def _read(self) -> None:
        """In a separate thread. One chunk at a time: a writer faster than the server has to wait."""
        taken = threading.Semaphore(0)
        while True:
            try:
                written = self._pipe.read(CHUNK_BYTES)
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

    def _feed(self, written: bytes, taken: Callable[[], object]) -> None:
        current = Slice()
        self._take(written)
        self._allowance.spend(current.seconds)
        if self._allowance.is_spent:
            self._pace.call(taken)
        else:
            taken()

    def _take(self, written: bytes) -> None:
        self._held += written
        while (at := self._held.find(self._mark)) >= 0:
            self._pass_on(self._held[:at])
            self._held = self._held[at + len(self._mark) :]
            self._marked()
        self._pass_on_all_but_a_partial_mark(is_last=not written)
        if not written:
            self._has_ended = True
            self._marked()

    def _pass_on_all_but_a_partial_mark(self, *, is_last: bool) -> None:
        split = self._held.rfind(self._mark[:1], max(0, len(self._held) - len(self._mark) + 1))
        if is_last or split < 0 or not self._mark.startswith(self._held[split:]):
            split = len(self._held)
        self._pass_on(self._held[:split])
        self._held = self._held[split:]

    def _marked(self) -> None:
        while self._waiting:
            waiting = self._waiting.pop()
            if not waiting.done():
                waiting.set_result(None)

    def _pass_on(self, written: bytes) -> None:
        if self.take is None:
            self.last_text = (self.last_text + self._decoder.decode(written))[-4096:]
        elif text := self._decoder.decode(self._output.feed(written)):  # a read may end inside a character
            self.take(self._name, text)
