"""The record of a call of the pool: one for all of its attempts."""

import logging
import re
import time
from types import TracebackType

from . import open_telemetry, records
from .activity import current
from .causes import described, is_notable

_WORDS = {"executions", "files", "content", "code", "execute", "upload", "session", "metadata", "stop"}


class PoolCall:
    """Runs during its `with` block, and writes the record at its end.

    `pool` is the pool's name, `path` that of the call below the pool. The record has its route, without names and ids.
    """

    def __init__(self, pool: str, method: str, path: str) -> None:
        self._pool = pool
        self._method = method
        self._route = route(path)
        self._attempts = 0
        self._throttles = 0
        self._status: int | None = None
        self._loss: str | None = None
        self._bytes_in = self._bytes_out = 0

    def headers(self) -> dict[str, str]:
        """The ids that the pool gets."""
        activity = current()
        return {} if activity is None else activity.correlation.pool_headers()

    def attempted(self, status: int, *, bytes_in: int, bytes_out: int) -> None:
        """An attempt had a response with this status. The sizes are those of the bodies."""
        self._attempts += 1
        self._throttles += status == 429
        self._status, self._bytes_in, self._bytes_out, self._loss = status, bytes_in, bytes_out, None

    def lost(self, failure: Exception) -> None:
        """An attempt had no response."""
        self._attempts += 1
        self._status, self._bytes_in, self._bytes_out, self._loss = None, 0, 0, described(failure)

    def __enter__(self) -> "PoolCall":
        self._started = time.monotonic()
        return self

    def __exit__(self, _: type[BaseException] | None, failure: BaseException | None, __: TracebackType | None) -> None:
        milliseconds = round((time.monotonic() - self._started) * 1000)
        open_telemetry.count("connector.pool.retries", max(self._attempts - 1, 0), pool=self._pool)
        open_telemetry.count("connector.pool.throttles", self._throttles, pool=self._pool)
        activity = current()
        if activity is not None:
            activity.pool_calls += 1
            activity.pool_attempts += self._attempts
            activity.pool_throttles += self._throttles
            activity.pool_milliseconds += milliseconds
        has_failed = failure is not None and is_notable(failure)
        records.write(
            logging.INFO,  # a request that fails because of it is a warning
            "poolCall",
            {
                **(activity.ids() if activity is not None else {}),
                "pool": self._pool,
                "method": self._method,
                "route": self._route,
                "status": self._status,
                "code": getattr(failure, "code", None),
                "durationMs": milliseconds,
                "attempts": self._attempts,
                "throttles": self._throttles,
                "bytesIn": self._bytes_in,
                "bytesOut": self._bytes_out,
                "cause": self._cause(failure) if failure is not None and has_failed else None,
            },
        )

    def _cause(self, failure: BaseException) -> str:
        """Also of the last attempt, after which the call may have ended for another reason."""
        cause = described(failure)
        return cause if self._loss is None or self._loss in cause else f"{cause}, after {self._loss}"


def route(path: str) -> str:
    """A path of the pool without what callers have chosen, such as `files/{}/content`."""
    return re.sub("[^/]+", lambda part: part[0] if part[0] in _WORDS else "{}", path.partition("?")[0])
