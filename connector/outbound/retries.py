"""Which calls are sent again, and when.

Everything but code can be sent again: the second attempt has the same effect as the first. When code may be sent again
is decided in `session_pool.hand_over`. No pause is longer than what is left of the operation's deadline.
"""

import random
import re
import time
from datetime import UTC
from email.utils import parsedate_to_datetime

import requests

from .deadlines import Deadline, Deadlines

_MOST_RETRIES = 3
_MOST_AFTER_LOSS = 1
"""Of those after an attempt that was sent and had no response: each may take long."""

_LONGEST_RETRY_AFTER = 3600


class Retries:
    """Those of one call, also after responses with one of `statuses`. Unless it `waits`, there are none while the
    service is full or cannot be reached.
    """

    def __init__(
        self,
        deadlines: Deadlines,
        deadline: Deadline,
        *,
        waits: bool = True,
        statuses: tuple[int, ...] = (429, 502, 503, 504),
    ) -> None:
        self._deadlines = deadlines
        self._deadline = deadline
        self._waits = waits
        self._statuses = statuses
        self._lost = 0
        self.made = 0

    def after_loss(self, *, was_sent: bool) -> bool:
        """After an attempt without a response: whether there is another, when this has paused for it."""
        self._lost += was_sent
        return (was_sent or self._waits) and self._lost <= _MOST_AFTER_LOSS and self._again(None)

    def after_response(self, response: requests.Response) -> bool:
        """After an unsuccessful response: whether there is another attempt, when this has paused for it."""
        if response.status_code == 429 and not self._waits:
            return False
        return response.status_code in self._statuses and self._again(retry_after_seconds(response))

    def _again(self, retry_after: float | None) -> bool:
        pause = self._pause() if retry_after is None else retry_after
        if self.made >= _MOST_RETRIES or pause > self._deadlines.longest_retry_pause_seconds:
            return False
        if pause >= self._deadline.left:
            return False
        self.made += 1
        time.sleep(pause)
        return True

    def _pause(self) -> float:
        """None before the first retry, then longer each time, and different for each call."""
        if self.made == 0:
            return 0.0
        seconds = self._deadlines.retry_pause_seconds * 2.0 ** (self.made - 1)
        return min(seconds * (1 + random.random() / 3), self._deadlines.longest_retry_pause_seconds)


def retry_after_seconds(response: requests.Response) -> float | None:
    """The response's Retry-After, a number of seconds or a date. None without one that makes sense: it may be a date in
    the past by a clock that differs.
    """
    text = response.headers.get("Retry-After", "").strip()
    if re.fullmatch(r"[0-9]{1,18}", text):
        return float(min(int(text), _LONGEST_RETRY_AFTER))
    try:
        date = parsedate_to_datetime(text)
        seconds = (date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp() - time.time()
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return None if seconds < 0 else min(seconds, float(_LONGEST_RETRY_AFTER))
