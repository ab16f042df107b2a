"""The time of a play. Long pauses are skipped: the clock goes on as if they had been made."""

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta


class Clock:
    """`longest_pause_seconds` is how long a pause really lasts at most."""

    def __init__(self, longest_pause_seconds: float, sleep: Callable[[float], None] = time.sleep) -> None:
        self._longest = longest_pause_seconds
        self._sleep = sleep
        self._skipped = 0.0
        self._lock = threading.Lock()
        self.pauses: list[float] = []
        """Every pause in seconds, as long as it would have been."""

    def now(self) -> datetime:
        return datetime.now(UTC) + timedelta(seconds=self._skipped)

    def pause(self, seconds: float) -> None:
        really = min(seconds, self._longest)
        with self._lock:
            self._skipped += seconds - really
            self.pauses.append(seconds)
        if really > 0:
            self._sleep(really)
