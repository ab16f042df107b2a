"""A copy that moves inside the request which begins it, and then inside polls.

Nothing runs between polls, and no instance of the app keeps anything: what has been copied is in the session or in
storage, and the rest is in the address that is polled.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Protocol, Self

from ..errors import (
    ConnectorBusy,
    ConnectorError,
    PoolRejected,
    PoolTimeout,
    PoolUnavailable,
    PoolUnreachable,
    SessionBusy,
    SourceUnavailable,
    StorageRejected,
    StorageTimeout,
    StorageUnavailable,
    TransferNotFound,
)
from ..models import TransferProgress
from ..outbound.deadlines import Deadline
from ..outbound.file_urls import FileUrls, SourceRefused
from ..session_pool.facts import PoolFacts
from ..session_pool.sessions import CallerSessions
from ..storage.storage import Storage

PART_BYTES = 32 << 20
"""An instance holds one part in memory."""

COPIES = 2
"""Of a part in memory: as it is read, and as it is sent."""

PART_SECONDS = 46.0
"""For a part, in and out: as much as Deadlines allows an operation that carries so many bytes."""

LATEST_SECONDS = 170.0
"""From the beginning of a request until its last part begins. The front end of Azure Functions responds with 502 after
230 s.
"""

LIFETIME_SECONDS = 24 * 3600.0
"""Of a transfer's address, from its beginning."""

PASSING = (
    ConnectorBusy,
    PoolRejected,
    PoolTimeout,
    PoolUnavailable,
    PoolUnreachable,
    SessionBusy,
    SourceUnavailable,
    StorageRejected,
    StorageTimeout,
    StorageUnavailable,
)
"""Errors after which a transfer can go on. After any other, nothing of it is left."""


@dataclass(frozen=True)
class Reach:
    """What a transfer copies between. Its `sessions` are those of the caller who began it."""

    sessions: CallerSessions
    facts: PoolFacts
    storage: Storage
    file_urls: FileUrls

    @property
    def deadline(self) -> Deadline:
        return self.sessions.deadline or Deadline.after(PART_SECONDS)

    def until(self, seconds: float) -> float:
        """So many seconds after the request began, on the monotonic clock, but not too late for a last part."""
        return self.deadline.began + min(seconds, LATEST_SECONDS)

    def within(self, deadline: Deadline) -> "Reach":
        """The same, for calls that heed this deadline."""
        return replace(
            self, sessions=replace(self.sessions, deadline=deadline), storage=self.storage.with_deadline(deadline)
        )

    def within_part(self) -> "Reach":
        """The same, for the calls of one part, or for those that end a transfer."""
        return self.within(Deadline.after(PART_SECONDS))

    def enter(self) -> None:
        """Takes the request's place in the process, as the first call of the pool or of storage does: to be called
        before those of other hosts, which may be slow. Raises ConnectorBusy.
        """
        self.sessions.admission.enter_pool()

    def hold(self, n_bytes: int) -> None:
        """Counts the memory for a part of so many bytes. At most once for a request. Raises ConnectorBusy."""
        self.sessions.admission.hold(n_bytes * COPIES)


class Transfer(Protocol):
    """Small enough to be part of a URL."""

    kind: ClassVar[str]
    """Differs for each class: the address of a transfer has it."""

    @property
    def session_id(self) -> str: ...

    def to_json(self) -> dict[str, Any]: ...

    @classmethod
    def from_json(cls, members: dict[str, Any]) -> Self: ...

    def advance(self, reach: Reach, until: float) -> TransferProgress | Any:
        """Copies until the moment, in seconds of the monotonic clock; at least one part. Returns how far it has come,
        or the result of the operation when everything is copied, also if it was before.

        Raises one of the PASSING errors if not even one part was copied; the transfer can still be advanced. Raises
        TransferNotFound, and after any other error has removed what was copied. Starts no session.
        """

    def cancel(self, reach: Reach) -> None:
        """Removes what has been copied, unless it is complete. Raises TransferNotFound."""


def parts_until(reach: Reach, until: float) -> Iterator[Reach]:
    """The reach of each part, which has a deadline of its own. There is another one while it will probably end before
    the moment; there is always a first.
    """
    longest = 0.0
    while True:
        began = time.monotonic()
        yield reach.within_part()
        now = time.monotonic()
        longest = max(longest, now - began)
        if now + longest > until:
            return


def may_go_on(failure: ConnectorError) -> bool:
    """Whether a transfer can be advanced after this error."""
    return isinstance(failure, PASSING) and not isinstance(failure, SourceRefused)


def transfer_not_found() -> TransferNotFound:
    return TransferNotFound(
        "The transfer does not exist: it was canceled, has expired, or its session has ended. Begin it again."
    )
