"""One call of ExecutePythonCode."""

from dataclasses import dataclass

from ..errors import IdempotencyKeyReused
from ..in_session.cell import code_hash
from ..in_session.report import Request
from ..models import Execution
from ..session_pool.sessions import SessionClient
from .outcomes import LOST


@dataclass(frozen=True)
class Call:
    session: SessionClient
    execution_id: str
    code: str
    timeout_seconds: int
    wait_seconds: float
    until: float
    """The end of the caller's wait, in seconds of the monotonic clock."""

    direct_timeout_seconds: int | None = None
    """Instead of `timeout_seconds`, where the code is run without the payload. None for the same timeout."""

    def running(self) -> Execution:
        return Execution(self.session.id, self.execution_id, "Running")

    def request(self) -> Request:
        """To be stored in the session while the execution is queued."""
        return Request(self.code, code_hash(self.code), self.timeout_seconds)

    def lost(self) -> Execution:
        """The execution whose code may or may not have run."""
        return Execution(self.session.id, self.execution_id, "Unknown", error=LOST)

    def check_code(self, stored_hash: str | None) -> None:
        """Raises IdempotencyKeyReused if the execution was started with different code, as far as that is known."""
        if stored_hash is not None and stored_hash != code_hash(self.code):
            raise IdempotencyKeyReused(
                "This idempotency key was used for different code in this session. Send a new key with new code.",
                target="idempotencyKey",
            )
