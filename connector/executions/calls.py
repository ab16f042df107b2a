"""One call of ExecutePythonCode, and what the calls of one process have found out about the pool."""

from dataclasses import dataclass

from ..errors import ConnectorError, IdempotencyKeyReused
from ..in_session.cell import code_hash
from ..models import Execution
from ..session_pool.client import SessionPoolClient
from ..session_pool.sessions import SessionClient
from ..session_pool.wire import Run
from .outcomes import LOST

_MAX_BUSY_SESSIONS = 10_000


class Runs:
    """What the calls of one process have found out. Another process finds it out again."""

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


@dataclass(frozen=True)
class Call:
    session: SessionClient
    execution_id: str
    code: str
    timeout_seconds: int
    wait_seconds: float

    def run(self, code: str, *, may_repeat: bool, is_asynchronous: bool = False) -> Run:
        """One call of the pool, as long as the run; one that `is_asynchronous` returns at once. Raises RunLost."""
        return self.session.execute_code(
            code,
            execution_id=self.execution_id,
            timeout_seconds=self.timeout_seconds,
            may_repeat=may_repeat,
            is_asynchronous=is_asynchronous,
        )

    def running(self) -> Execution:
        return Execution(self.session.id, self.execution_id, "Running")

    def lost(self) -> Execution:
        """Whether it ran is unknown."""
        return Execution(self.session.id, self.execution_id, "Unknown", error=LOST)

    def check_code(self, stored_hash: str) -> None:
        """Raises IdempotencyKeyReused when the execution was asked for with other code."""
        if stored_hash != code_hash(self.code):
            raise IdempotencyKeyReused(
                "This idempotency key was used for other code in this session. Send a new key for new code.",
                target="idempotencyKey",
            )
