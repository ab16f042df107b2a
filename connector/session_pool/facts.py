"""What one process has learned about the pools and their sessions from its calls."""

from ..errors import ConnectorError
from .client import SessionPoolClient
from .sessions import SessionClient

_MAX_BUSY_SESSIONS = 10_000


class PoolFacts:
    """Hints, which may be out of date. Each process has its own."""

    def __init__(self, *, rich_results: bool) -> None:
        self._rich_results = rich_results
        self._accepting: set[SessionPoolClient] = set()
        self._refusing: set[SessionPoolClient] = set()
        self._busy: set[str] = set()

    def sends_payload(self, pool: SessionPoolClient) -> bool:
        """Whether code is sent to the pool with the payload."""
        return self._rich_results and pool not in self._refusing

    def payload_accepted(self, pool: SessionPoolClient) -> None:
        """A session of the pool has run the payload."""
        self._accepting.add(pool)

    def payload_refused(self, pool: SessionPoolClient) -> None:
        """A session could not run the payload. Its own code may be the reason, so this checks the pool's runtimes."""
        if pool not in self._accepting and not _has_python(pool):
            self._refusing.add(pool)

    def may_be_busy(self, session: SessionClient) -> bool:
        """Whether this process has seen a deferred run in the session, but not its end."""
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
