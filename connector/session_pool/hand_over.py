"""When code may be offered to the pool again: it must not run twice.

Code that certainly did not reach a session is offered again for some seconds. Once it may have reached one, it is
handed over: it is sent again only if the code itself prevents a second run, and failures from then on are `RunLost`.
"""

import contextlib
import random
import time
from collections.abc import Callable, Iterator

from ..errors import ConnectorError, PoolTimeout, PoolUnavailable, PoolUnreachable, TooManySessions
from ..outbound.deadlines import Deadline, Deadlines
from .errors import NotSent, UnsuccessfulResponse
from .wire import Run, UnreadableResponse

_SHORTEST_READ_SECONDS = 1.0
"""Must be left for another attempt."""


class RunLost(Exception):
    """The connection failed after the code may have been handed over: whether it ran is unknown."""


def hand_over(
    offer: Callable[[Deadline], Run],
    *,
    deadlines: Deadlines,
    deadline: Deadline,
    longest_wait_seconds: float,
    longest_repeat_seconds: float,
    may_repeat: bool,
    waits: bool,
) -> Run:
    """Calls `offer` with the deadline of each attempt, until it returns or the time for it is over. Unless it `waits`,
    also until the pool is full or cannot be reached.

    `longest_wait_seconds` is that of one attempt. Code that `may_repeat` is offered again within
    `longest_repeat_seconds`. Raises RunLost, PoolUnreachable and TooManySessions, and what `offer` raises if the code
    certainly was not handed over.
    """
    started, was_lost = time.monotonic(), False
    for pause in _pauses(deadlines.hand_over_pause_seconds):
        try:
            with _handed_over():
                return offer(deadline.within(longest_wait_seconds))
        except RunLost:
            is_late = time.monotonic() - started > longest_repeat_seconds
            if not may_repeat or is_late or deadline.left < _SHORTEST_READ_SECONDS:
                raise
            may_repeat, was_lost = False, True
            time.sleep(min(pause, deadline.left))
        except ConnectorError as failure:
            if was_lost:
                raise RunLost from failure
            is_full_or_away = isinstance(failure, PoolUnreachable | TooManySessions)
            if not (waits and is_full_or_away) or isinstance(failure.__cause__, NotSent):
                raise
            response = failure.__cause__
            retry_after = response.retry_after if isinstance(response, UnsuccessfulResponse) else None
            pause = pause if retry_after is None else retry_after
            is_late = time.monotonic() - started + pause > deadlines.hand_over_seconds
            if is_late or pause >= deadline.left:
                raise
            time.sleep(pause)
    raise AssertionError("the pauses never end")


def _pauses(pause: float) -> Iterator[float]:
    """Seconds between the attempts: longer each time, and different for each caller."""
    while True:
        yield pause * (0.5 + random.random())
        pause *= 2


@contextlib.contextmanager
def _handed_over() -> Iterator[None]:
    """Turns every failure after which the code may have run into RunLost."""
    try:
        yield
    except (PoolUnavailable, PoolTimeout, UnreadableResponse) as failure:
        if isinstance(failure.__cause__, NotSent):
            raise
        raise RunLost from failure
    except ConnectorError:
        raise
    except Exception as failure:  # the response could not be read, but the code was handed over
        raise RunLost from failure
