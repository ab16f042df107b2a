"""What one process has learned about the pool and its sessions from its calls."""

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
        self.rich_results = rich_results
        """Whether code is sent with the payload."""

        self._was_accepted = False
        self._busy: set[str] = set()
        self._with_payload: OrderedDict[str, None] = OrderedDict()  # the last used at the end
        self._changing = threading.Lock()

    def may_have_payload(self, session: SessionClient) -> bool:
        """Whether the last cell that this process sent to the session has found or installed the payload there."""
        return session.identifier in self._with_payload

    def note_payload(self, session: SessionClient, *, is_installed: bool) -> None:
        with self._changing:
            self._with_payload.pop(session.identifier, None)
            if is_installed:
                self._was_accepted = True
                self._with_payload[session.identifier] = None
                if len(self._with_payload) > _MAX_SESSIONS_WITH_PAYLOAD:
                    self._with_payload.popitem(last=False)

    def payload_refused(self, pool: SessionPoolClient) -> None:
        """A session could not run the payload. Its own code may be the reason, so this checks the pool's runtimes."""
        if not self._was_accepted and not _has_python(pool):
            self.rich_results = False

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
