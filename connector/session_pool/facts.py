"""What the calls of one process have found out about the pool and its sessions. Another process finds it out again."""

from ..errors import ConnectorError
from .client import SessionPoolClient
from .sessions import SessionClient

_MAX_BUSY_SESSIONS = 10_000


class PoolFacts:
    """Hints, not truth: another process has its own, and a session may have changed since."""

    def __init__(self, *, rich_results: bool) -> None:
        self.rich_results = rich_results
        """Whether code is sent with the payload."""

        self._was_reported = False
        self._busy: set[str] = set()

    def reported(self) -> None:
        """A session of the pool has accepted the payload."""
        self._was_reported = True

    def refused(self, pool: SessionPoolClient) -> None:
        """A session has not. Code can make its own session refuse, so the pool is asked whether it has Python."""
        if not self._was_reported and not _has_python(pool):
            self.rich_results = False

    def may_be_busy(self, session: SessionClient) -> bool:
        """Whether this process has seen a deferred run in the session, and not yet its end."""
        return session.identifier in self._busy

    def note_busy(self, session: SessionClient, *, is_busy: bool) -> None:
        if not is_busy:
            self._busy.discard(session.identifier)
        elif len(self._busy) < _MAX_BUSY_SESSIONS:
            self._busy.add(session.identifier)


def _has_python(pool: SessionPoolClient) -> bool:
    try:
        return any("python" in name.lower() for name, _ in pool.get_metadata().runtimes)
    except ConnectorError:
        return True  # unknown
