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
from collections import deque
from collections.abc import Callable

SLICE_SECONDS = 0.0005
_SHARE = 0.2
"""Of the time, for large work, while there are requests."""

_ATTENTIVE_SECONDS = 0.05
"""So long after a request, more requests are expected."""


class Turn:
    """Work that waits."""

    def __init__(self, work: Callable[[], object], least_seconds: float) -> None:
        self.work: Callable[[], object] | None = work
        self.least_seconds = least_seconds

    def cancel(self) -> None:
        self.work = None


class Pace:
    """Of one event loop. Call every method there."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._waiting: deque[Turn] = deque()
        self._is_scheduled = False
        self._free_at = 0.0
        self._attentive_until = 0.0

    def request_arrived(self) -> None:
        self._attentive_until = self._loop.time() + _ATTENTIVE_SECONDS

    async def turn(self, slices: float = 0) -> None:
        """Returns when it is the caller's turn. What the caller does then, until it awaits, counts.

        So do at least `slices` times SLICE_SECONDS: for work that follows elsewhere.
        """
        begun = asyncio.Event()
        self.call(begun.set, slices * SLICE_SECONDS)
        await begun.wait()

    def call(self, work: Callable[[], object], least_seconds: float = 0) -> Turn:
        """Calls `work` when it is its turn."""
        turn = Turn(work, least_seconds)
        self._waiting.append(turn)
        if not self._is_scheduled:
            self._schedule()
        return turn

    def _schedule(self) -> None:
        self._is_scheduled = True
        self._loop.call_at(self._free_at, self._begin)

    def _begin(self) -> None:
        turn = self._waiting.popleft()
        began = self._loop.time()
        if turn.work is not None:
            turn.work()
        self._loop.call_soon(self._end, began, turn.least_seconds)  # after the coroutine that waited, if it was one

    def _end(self, began: float, least_seconds: float) -> None:
        """By the clock, not by the processor's time: where the server gets little of that, others need it more."""
        now = self._loop.time()
        taken = max(now - began, least_seconds)
        is_attentive = now < self._attentive_until
        self._free_at = now + taken * (1 / _SHARE - 1) if is_attentive else now
        self._is_scheduled = False
        if self._waiting:
            self._schedule()


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
