"""The circuit of a pool: while the pool is down, calls fail at once instead of waiting for it.

1. When several attempts in a row have no response, or a 5xx, or when calls wait and nothing has come from the pool for
   some seconds, a thread probes the pool itself: it requests the metadata, which involve no session.
2. Without a response to the probe, the circuit opens: calls fail at once with the probe's error, and so do those that
   would be sent again.
3. The thread probes again every second, and the first response closes the circuit.
4. So neither a slow run, nor a session that does not respond, nor a full pool opens it.
5. Code that was handed over before keeps its time: its response may still come.
"""

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from ..errors import ConnectorError
from ..outbound.deadlines import Deadline
from ..telemetry import events
from .errors import NotSent

_RETRY_AFTER_SECONDS = 5


@dataclass(frozen=True)
class CircuitTimes:
    """In seconds, but for `failures`."""

    failures: int = 3
    """Attempts in a row without a usable response, after which the pool is probed."""

    silence_seconds: float = 5.0
    """Without any response while calls wait, after which the pool is probed when the next call arrives."""

    pause_seconds: float = 1.0
    """From one probe to the next, unless the first takes longer."""

    forgotten_seconds: float = 60.0
    """Without calls, after which the pool is no longer probed and the circuit closes."""


class Circuit:
    """Safe to use from many threads."""

    def __init__(
        self, probe: Callable[[], ConnectorError | None], times: CircuitTimes | None = None, *, pool: str = ""
    ) -> None:
        """`probe` returns the error of a pool that does not respond. It takes a few seconds at most. `pool` is the
        pool's name, for the log.
        """
        self._pool = pool
        self._probe = probe
        self._times = times or CircuitTimes()
        self._lock = threading.Lock()
        self._has_responded = threading.Event()
        self._is_probed = threading.Event()
        """Cleared while the first probe is in progress."""
        self._is_probed.set()
        self._error: ConnectorError | None = None
        self._is_probing = False
        self._failures = 0
        self._waiting = 0
        self._silent_since = 0.0
        self._called_at = 0.0
        self.openings = 0
        """How many times it has opened."""

    @property
    def is_open(self) -> bool:
        return self._error is not None

    def check(self, failed_before: Deadline | None = None) -> None:
        """Before each attempt. One that failed before waits for the first probe, until its deadline. Raises the error,
        caused by NotSent, while the circuit is open.
        """
        if failed_before is not None:
            self._is_probed.wait(failed_before.left)
        with self._lock:
            self._called_at = now = time.monotonic()
            if self._error is not None:
                error = type(self._error)(self._error.message, retry_after_seconds=_RETRY_AFTER_SECONDS)
                raise error from NotSent("the pool does not respond, and is probed every second")
            if self._waiting and now - self._silent_since > self._times.silence_seconds:
                self._begin_probing()

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

    def responded(self) -> None:
        """A response has come, other than a 5xx."""
        with self._lock:
            self._failures = 0
            self._silent_since = time.monotonic()
            self._error = None
        self._has_responded.set()

    def failed(self) -> None:
        """An attempt had no response, or a 5xx."""
        with self._lock:
            self._failures += 1
            if self._failures >= self._times.failures:
                self._begin_probing()

    def _begin_probing(self) -> None:
        """Unless a thread does so already. The caller has the lock."""
        if not self._is_probing:
            self._is_probing, self._called_at = True, time.monotonic()
            self._has_responded.clear()
            self._is_probed.clear()
            threading.Thread(target=self._probe_until_response, name="session-pool-circuit", daemon=True).start()

    def _probe_until_response(self) -> None:
        openings, began = self.openings, time.monotonic()
        while error := self._probe():
            with self._lock:
                if self._has_responded.is_set() or time.monotonic() - self._called_at > self._times.forgotten_seconds:
                    break
                if self._error is None:
                    self.openings += 1
                    events.circuit_opened(self._pool, error)
                self._error = error
            self._is_probed.set()
            if self._has_responded.wait(max(0.0, began + self._times.pause_seconds - time.monotonic())):
                break
            began = time.monotonic()
        with self._lock:
            if self.openings > openings:
                events.circuit_closed(self._pool)
            self._error, self._is_probing = None, False
            self._failures = 0
            self._silent_since = time.monotonic()
        self._is_probed.set()
