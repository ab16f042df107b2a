"""How the server divides the time of its event loop: large work waits for its turn, everything else does not.

Large work is what one session or one client can make as much of as it likes: reading a flood, sending a large result,
listing many files. It is done in slices of half a millisecond. While requests arrive, all of it together takes a fifth
of the time, whoever it is for; otherwise one slice follows the other. Each waits for its turn in order of arrival, so
that of two floods neither is faster.
"""

import asyncio
import sys
import time
import weakref
from collections.abc import Callable

SLICE_SECONDS = 0.0005
_SLICES = 5
"""One slice of so many is for large work, while there are requests."""

_ATTENTIVE_SECONDS = 0.05
"""So long after a request, more requests are expected."""


class Pace:
    """Of one event loop. Call every method there."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._next = 0.0
        self._attentive_until = 0.0

    def request_arrived(self) -> None:
        self._attentive_until = self._loop.time() + _ATTENTIVE_SECONDS

    async def turn(self, slices: float = 1) -> None:
        """Returns when it is the caller's turn to do work that takes `slices` times SLICE_SECONDS."""
        await asyncio.sleep(self._delay(slices))

    def call(self, work: Callable[[], object]) -> asyncio.Handle:
        """Calls `work`, which takes SLICE_SECONDS, when it is its turn."""
        delay = self._delay(1)
        return self._loop.call_later(delay, work) if delay else self._loop.call_soon(work)

    def overran(self, seconds: float) -> None:
        """A turn took so much longer: the next one comes later."""
        if self._is_attentive:
            self._next = max(self._loop.time(), self._next) + seconds * _SLICES

    @property
    def _is_attentive(self) -> bool:
        return self._loop.time() < self._attentive_until

    def _delay(self, slices: float) -> float:
        if not self._is_attentive:
            return 0
        now = self._loop.time()
        begin = max(now, self._next)
        self._next = begin + slices * SLICE_SECONDS * _SLICES
        return begin - now


class Allowance:
    """What may be done at once, without waiting for turns: it suffices for everything that is not large."""

    SECONDS = 0.01

    def __init__(self) -> None:
        self._left = 0.0

    def renew(self) -> None:
        self._left = self.SECONDS

    def spend(self, seconds: float) -> None:
        self._left -= seconds

    @property
    def is_spent(self) -> bool:
        return self._left <= 0


# The processor's time, so that a session is not charged for other programs; Windows counts it too coarsely.
_clock = time.perf_counter if sys.platform == "win32" else time.thread_time


class Slice:
    """The time of one slice, from its creation on, in the thread that created it."""

    def __init__(self) -> None:
        self._began = _clock()

    @property
    def seconds(self) -> float:
        return _clock() - self._began

    @property
    def is_over(self) -> bool:
        return self.seconds > SLICE_SECONDS


_paces: "weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, Pace]" = weakref.WeakKeyDictionary()


def pace() -> Pace:
    """That of the running event loop."""
    loop = asyncio.get_running_loop()
    if loop not in _paces:
        _paces[loop] = Pace(loop)
    return _paces[loop]
