"""One call of ExecutePythonCode on its way to the pool, and what the calls of one process know in common."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from ..errors import ConnectorError, ExecutionNotFound, IdempotencyKeyReused, PoolTimeout
from ..models import Execution
from ..session_pool.client import SessionPoolClient
from ..session_pool.sessions import SessionClient
from ..session_pool.wire import Run
from .endings import LOST

_FIRST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS = 0.05, 2.0
_PAUSE_AFTER_TROUBLE_SECONDS = 1.0


class Runs:
    """What the calls of one process have found out about the pool. Another process finds it out again."""

    def __init__(self, *, rich_results: bool) -> None:
        self.rich_results = rich_results
        """Whether runs are sent with the harness."""

        self._was_reported = False

    def reported(self) -> None:
        """A session of the pool took the harness."""
        self._was_reported = True

    def refused(self, pool: SessionPoolClient) -> None:
        """A session could not take it. Code can make its own session like that, so it is the pool that is asked."""
        if not self._was_reported and not _has_python(pool):
            self.rich_results = False


def _has_python(pool: SessionPoolClient) -> bool:
    try:
        return any("python" in name.lower() for name, _ in pool.get_metadata().runtimes)
    except ConnectorError:
        return True  # nobody knows


@dataclass(frozen=True)
class Call:
    session: SessionClient
    execution_id: str
    code: str
    timeout_seconds: int
    wait_seconds: int

    def run(self, code: str, *, may_repeat: bool, is_asynchronous: bool = False) -> Run:
        """One call of the pool, as long as the run; one that `is_asynchronous` returns at once. Raises RunLost."""
        return self.session.execute_code(
            code,
            execution_id=self.execution_id,
            timeout_seconds=self.timeout_seconds,
            may_repeat=may_repeat,
            is_asynchronous=is_asynchronous,
        )

    def goes_on(self) -> Execution:
        return Execution(self.session.id, self.execution_id, "Running")

    def lost(self) -> Execution:
        """Nobody knows whether it ran."""
        return Execution(self.session.id, self.execution_id, "Unknown", error=LOST)


def when_ended(tell: Callable[[], Execution], seconds: float) -> Execution:
    """What `tell` tells when the run has ended, or when the time is over; it is asked at least once."""
    until, pause = time.monotonic() + seconds, _FIRST_PAUSE_SECONDS
    while True:
        execution = tell()
        left = until - time.monotonic()
        if execution.status != "Running" or left <= 0:
            return execution
        time.sleep(min(pause, left))
        pause = min(pause * 1.5, _LONGEST_PAUSE_SECONDS)


def followed(call: Call, tell: Callable[[], Execution], seconds: float) -> Execution:
    """As `when_ended`, of a run that the session surely has: trouble of the pool says nothing of it.

    The trouble is waited out, as far as the time goes; then the run is as it was known last, and can be asked for.
    Raises IdempotencyKeyReused.
    """
    until, last = time.monotonic() + seconds, call.goes_on()

    def remembered() -> Execution:
        nonlocal last
        last = tell()
        return last

    while True:
        try:
            return when_ended(remembered, until - time.monotonic())
        except IdempotencyKeyReused:
            raise
        except ExecutionNotFound:  # its session has ended since
            return call.lost()
        except PoolTimeout:  # one more of these would be longer than the front end waits
            return last
        except ConnectorError:
            left = until - time.monotonic()
            if left <= 0:
                return last
            time.sleep(min(_PAUSE_AFTER_TROUBLE_SECONDS, left))
