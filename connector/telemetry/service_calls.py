"""The record of a call of another service: one for all of its attempts."""

import logging
import time
from types import TracebackType
from typing import ClassVar, Self

from . import open_telemetry, records
from .activity import Activity, current
from .causes import described, is_notable


class ServiceCall:
    """Runs during its `with` block, and writes the record at its end.

    `kind` is that of the record, `part` what of the service is called: a field of the record, and of counters.
    `counted_as` is the beginning of the names of its counters. `throttled` are the statuses of a service that has too
    much to do.
    """

    kind: ClassVar[str]
    part: ClassVar[str]
    counted_as: ClassVar[str]
    throttled: ClassVar[tuple[int, ...]] = (429,)

    def __init__(self, called: str, method: str, route: str) -> None:
        """`route` has no names and ids."""
        self._called = called
        self._method = method
        self._route = route
        self._attempts = 0
        self._throttles = 0
        self._status: int | None = None
        self._loss: str | None = None
        self._bytes_in = self._bytes_out = 0

    def headers(self) -> dict[str, str]:
        """The ids that the service gets."""
        activity = current()
        return {} if activity is None else activity.correlation.service_headers()

    def attempted(self, status: int, *, bytes_in: int, bytes_out: int) -> None:
        """An attempt had a response with this status. The sizes are those of the bodies."""
        self._attempts += 1
        self._throttles += status in self.throttled
        self._status, self._bytes_in, self._bytes_out, self._loss = status, bytes_in, bytes_out, None

    def lost(self, failure: Exception) -> None:
        """An attempt had no response."""
        self._attempts += 1
        self._status, self._bytes_in, self._bytes_out, self._loss = None, 0, 0, described(failure)

    def __enter__(self) -> Self:
        self._started = time.monotonic()
        return self

    def __exit__(self, _: type[BaseException] | None, failure: BaseException | None, __: TracebackType | None) -> None:
        milliseconds = round((time.monotonic() - self._started) * 1000)
        attributes = {self.part: self._called}
        open_telemetry.count(f"{self.counted_as}.retries", max(self._attempts - 1, 0), **attributes)
        open_telemetry.count(f"{self.counted_as}.throttles", self._throttles, **attributes)
        activity = current()
        if activity is not None:
            self._add_to(activity, milliseconds)
        has_failed = failure is not None and is_notable(failure)
        records.write(
            logging.INFO,  # a request that fails because of it is a warning
            self.kind,
            {
                **(activity.ids() if activity is not None else {}),
                self.part: self._called,
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

    def _add_to(self, activity: Activity, milliseconds: int) -> None:
        raise NotImplementedError

    def _cause(self, failure: BaseException) -> str:
        """Also of the last attempt, after which the call may have ended for another reason."""
        cause = described(failure)
        return cause if self._loss is None or self._loss in cause else f"{cause}, after {self._loss}"
