"""The circuit of a pool: while the pool is down, calls fail at once instead of waiting for it.

1. When several attempts in a row have no response, or a 5xx, or when calls wait and nothing has been heard from the
   pool for some seconds, a thread asks the pool itself: for its metadata, which involves no session.
2. Without a response to that, the circuit opens: calls end at once with that error, and so do those that would be
   sent again.
3. The thread asks again every second, and the first response closes the circuit.
4. So neither a slow run, nor a session that does not respond, nor a full pool opens it.
5. Code that was handed over before keeps its time: its response may still come.
"""

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from ..errors import ConnectorError
from ..telemetry import events
from .deadlines import Deadline
from .errors import NotSent

_RETRY_AFTER_SECONDS = 5


@dataclass(frozen=True)
class CircuitTimes:
    """In seconds, but for `failures`."""

    failures: int = 3
    """Attempts in a row without a usable response, after which the pool is asked."""

    silence_seconds: float = 5.0
    """Without any response while calls wait, after which the pool is asked when the next call arrives."""

    pause_seconds: float = 1.0
    """From one question to the next, unless the response to the first takes longer."""

    forgotten_seconds: float = 60.0
    """Without calls, after which the pool is no longer asked and the circuit closes."""


class Circuit:
    """Safe to use from many threads."""

    def __init__(
        self, ask: Callable[[], ConnectorError | None], times: CircuitTimes | None = None, *, pool: str = ""
    ) -> None:
        """`ask` returns the error of a pool that does not respond. It takes a few seconds at most. `pool` is the pool's
        name, for the log.
        """
        self._pool = pool
        self._ask_pool = ask
        self._times = times or CircuitTimes()
        self._lock = threading.Lock()
        self._heard = threading.Event()
        self._known = threading.Event()
        """Cleared until the first answer to a question, or lack of one."""
        self._known.set()
        self._error: ConnectorError | None = None
        self._is_asking = False
        self._failures = 0
        self._waiting = 0
        self._silent_since = 0.0
        self._called_at = self._asked_at = 0.0
        self.openings = 0
        """How many times it has opened."""

    @property
    def is_open(self) -> bool:
        return self._error is not None

    def check(self, failed_before: Deadline | None = None) -> None:
        """Before each attempt. One that failed before waits until its deadline while the pool is asked. Raises the
        error, caused by NotSent, while the circuit is open.
        """
        if failed_before is not None:
            self._known.wait(failed_before.left)
        with self._lock:
            self._called_at = now = time.monotonic()
            if self._error is not None:
                error = type(self._error)(self._error.message, retry_after_seconds=_RETRY_AFTER_SECONDS)
                raise error from NotSent("the pool does not respond, and is asked again every second")
            if self._waiting and now - self._silent_since > self._times.silence_seconds:
                self._ask()

    @contextlib.contextmanager
    def waiting(self) -> Iterator[None]:
        """While an attempt waits for its response."""
        with self._lock:
            if not self._waiting:
                self._silent_since = time.monotonic()
            self._waiting += 1
        try:
            yield
        finally:
            with self._lock:
                self._waiting -= 1

    def heard(self) -> None:
        """A response has come, other than a 5xx."""
        with self._lock:
            self._failures = 0
            self._silent_since = time.monotonic()
            self._error = None
        self._heard.set()

    def failed(self) -> None:
        """An attempt had no response, or a 5xx."""
        with self._lock:
            self._failures += 1
            if self._failures >= self._times.failures:
                self._ask()

    def _ask(self) -> None:
        """Begins to ask the pool, unless a thread does already. The caller has the lock."""
        if not self._is_asking:
            self._is_asking, self._called_at = True, time.monotonic()
            self._heard.clear()
            self._known.clear()
            threading.Thread(target=self._ask_until_answered, name="session-pool-circuit", daemon=True).start()

    def _asked(self) -> ConnectorError | None:
        self._asked_at = time.monotonic()
        return self._ask_pool()

    def _ask_until_answered(self) -> None:
        openings = self.openings
        while error := self._asked():
            with self._lock:
                if self._heard.is_set() or time.monotonic() - self._called_at > self._times.forgotten_seconds:
                    break
                if self._error is None:
                    self.openings += 1
                    events.circuit_opened(self._pool, error)
                self._error = error
            self._known.set()
            if self._heard.wait(max(0.0, self._asked_at + self._times.pause_seconds - time.monotonic())):
                break
        with self._lock:
            if self.openings > openings:
                events.circuit_closed(self._pool)
            self._error, self._is_asking = None, False
            self._failures = 0
            self._silent_since = time.monotonic()
        self._known.set()
