"""What one process has learned about the pools and their sessions from its calls."""

import threading
from collections import OrderedDict

from ..errors import ConnectorError
from .client import SessionPoolClient
from .sessions import SessionClient

_MAX_BUSY_SESSIONS = 10_000
_MAX_SESSIONS_WITH_PAYLOAD = 10_000


class PoolFacts:
    """Hints, which may be out of date. Each process has its own."""

    def __init__(self, *, rich_results: bool) -> None:
        self._rich_results = rich_results
        self._accepting: set[SessionPoolClient] = set()
        self._refusing: set[SessionPoolClient] = set()
        self._busy: set[str] = set()
        self._ending: set[str] = set()
        self._with_payload: OrderedDict[str, None] = OrderedDict()  # the last used at the end
        self._changing = threading.Lock()

    def sends_payload(self, pool: SessionPoolClient) -> bool:
        """Whether code is sent to the pool with the payload."""
        return self._rich_results and pool not in self._refusing

    def may_have_payload(self, session: SessionClient) -> bool:
        """Whether the last cell that this process sent to the session has found or installed the payload there."""
        return session.identifier in self._with_payload

    def note_payload(self, session: SessionClient, *, is_installed: bool) -> None:
        with self._changing:
            self._with_payload.pop(session.identifier, None)
            if is_installed:
                self._accepting.add(session.pool)
                self._with_payload[session.identifier] = None
                if len(self._with_payload) > _MAX_SESSIONS_WITH_PAYLOAD:
                    self._with_payload.popitem(last=False)

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

    def may_be_ending(self, session: SessionClient) -> bool:
        """Whether this process has seen a run end together with the session's interpreter, and the pool may not know
        yet that this has ended.
        """
        return session.identifier in self._ending

    def note_ending(self, session: SessionClient, *, is_ending: bool) -> None:
        if not is_ending:
            self._ending.discard(session.identifier)
        elif len(self._ending) < _MAX_BUSY_SESSIONS:
            self._ending.add(session.identifier)


def _has_python(pool: SessionPoolClient) -> bool:
    try:
        return any("python" in name.lower() for name, _ in pool.get_metadata().runtimes)
    except ConnectorError:
        return True  # unknown
