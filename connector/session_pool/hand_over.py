"""When code may be offered to the pool again: it must not run twice.

Code that certainly did not reach a session is offered again for some seconds. Once it may have reached one, it is
handed over: it is sent again only if the code itself prevents a second run, and failures from then on are `RunLost`.
"""

import contextlib
import random
import time
from collections.abc import Callable, Iterator

from ..errors import ConnectorError, PoolTimeout, PoolUnavailable, PoolUnreachable, TooManySessions
from .deadlines import Deadlines
from .errors import UnsuccessfulResponse
from .wire import Run, UnreadableResponse

_SHORTEST_READ_SECONDS = 1.0
"""For the response to an attempt that is made when the time is nearly over."""


class RunLost(Exception):
    """The connection failed after the code may have been handed over: whether it ran is unknown."""


def hand_over(
    offer: Callable[[float], Run],
    *,
    deadlines: Deadlines,
    timeout_seconds: int,
    read_seconds: float | None,
    may_repeat: bool,
) -> Run:
    """Calls `offer` with the seconds that the response may take, until it returns or the time for it is over.

    `read_seconds` is for all attempts together; without it, they may take a little longer than the run. Raises RunLost,
    PoolUnreachable and TooManySessions, and what `offer` raises if the code certainly was not handed over.
    """
    if read_seconds is None:
        longest_wait, longest_call = timeout_seconds + deadlines.response_margin_seconds, deadlines.longest_call_seconds
    else:
        longest_wait, longest_call = read_seconds, min(read_seconds, deadlines.longest_call_seconds)
    started, was_lost = time.monotonic(), False
    for pause in _pauses(deadlines.hand_over_pause_seconds):
        waited = time.monotonic() - started
        try:
            with _handed_over():
                return offer(min(longest_wait, max(_SHORTEST_READ_SECONDS, longest_call - waited)))
        except RunLost:
            if not may_repeat or time.monotonic() - started > min(timeout_seconds, longest_wait - 1):
                raise
            may_repeat, was_lost = False, True
            time.sleep(pause)
        except (PoolUnreachable, TooManySessions) as failure:
            if was_lost:
                raise RunLost from failure
            response = failure.__cause__
            retry_after = response.retry_after if isinstance(response, UnsuccessfulResponse) else None
            pause = pause if retry_after is None else retry_after
            if time.monotonic() - started + pause > deadlines.hand_over_seconds:
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
        raise RunLost from failure
    except ConnectorError:
        raise
    except Exception as failure:  # the response could not be read, but the code was handed over
        raise RunLost from failure
