"""A copy that moves inside the request which begins it, and then inside polls.

Nothing runs between polls, and no instance of the app keeps anything: what has been copied is in the session or in
storage, and the rest is in the address that is polled.
"""

from dataclasses import dataclass
from typing import Any, ClassVar, Protocol, Self

from ..models import TransferProgress
from ..session_pool.facts import PoolFacts
from ..session_pool.sessions import CallerSessions
from ..storage.storage import Storage

PART_BYTES = 32 << 20
"""An instance holds one part in memory."""


@dataclass(frozen=True)
class Reach:
    """What a transfer copies between. Its `sessions` are those of the caller who began it."""

    sessions: CallerSessions
    facts: PoolFacts
    storage: Storage


class Transfer(Protocol):
    """Small enough to be part of a URL."""

    kind: ClassVar[str]

    def to_json(self) -> dict[str, Any]: ...

    @classmethod
    def from_json(cls, members: dict[str, Any]) -> Self: ...

    def advance(self, reach: Reach, until: float) -> TransferProgress | Any:
        """Copies until the moment, in seconds of the monotonic clock; at least one part. Returns how far it has come,
        or the result of the operation when everything is copied, also if it was before.
        """

    def cancel(self, reach: Reach) -> None:
        """Removes what has been copied, unless it is complete."""
