"""How long operations and their calls of services may take.

Each operation has one Deadline, which is passed along with its session and its containers: all calls, attempts, pauses
and reads of the operation share it.
"""

import time
from dataclasses import dataclass


@dataclass(frozen=True)
class Deadline:
    """When an operation began, and `at` which moment it must have its response. In seconds of the monotonic clock."""

    began: float
    at: float

    @classmethod
    def after(cls, seconds: float) -> "Deadline":
        now = time.monotonic()
        return cls(now, now + seconds)

    @property
    def left(self) -> float:
        """In seconds; 0 once it has passed."""
        return max(0.0, self.at - time.monotonic())

    def of(self, seconds: float) -> "Deadline":
        """Another one, `seconds` after the same beginning."""
        return Deadline(self.began, self.began + seconds)

    def within(self, seconds: float) -> "Deadline":
        """This one, or `seconds` from now, whichever is earlier."""
        return Deadline(self.began, min(self.at, time.monotonic() + seconds))

    def reserving(self, seconds: float) -> "Deadline":
        """An earlier one, for work after which `seconds` must be left, but at most half of the time."""
        left = self.left
        return Deadline(self.began, self.at - min(seconds, left / 2))


@dataclass(frozen=True)
class Deadlines:
    """In seconds. A client has one of these; the defaults fit the front end of Azure Functions."""

    operation_seconds: float = 30.0
    """For an operation that neither runs its caller's code nor carries a file."""

    execution_margin_seconds: float = 10.0
    """For an execution, in addition to its caller's wait."""

    longest_execution_seconds: float = 225.0
    """The front end of Azure Functions responds with 502 after 230 s, which must not happen to code that was handed
    over."""

    transfer_bytes_per_second: float = 2e6
    """An operation that carries a file has a second more for each of so many bytes."""

    longest_transfer_seconds: float = 100.0

    reserve_seconds: float = 3.0
    """Of an operation's time, for what must be done after its longest step: finding out what became of code whose
    response was lost, and removing what a failed upload has left."""

    connect_seconds: float = 5.0

    connect_elsewhere_seconds: float = 2.0
    """For a new session, which another pool can have."""

    read_seconds: float = 10.0
    """For all responses but those to runs, until they begin and between their parts. So an operation has time for two
    attempts."""

    probe_seconds: float = 3.0
    """For the response of a pool that is probed, because it may be down."""

    response_margin_seconds: float = 15.0
    """How much longer than the run its response may take, for the start of a session and the transfer of data."""

    hand_over_pause_seconds: float = 0.25
    """Before code is offered again, and twice as long before each further time; each caller varies it by half."""

    hand_over_seconds: float = 4.0
    """How long code is offered to a pool that is full or cannot be reached."""

    start_seconds: float = 10.0
    """For the response to a cell that starts a queued run. Starting takes milliseconds; code that runs before it may
    take longer."""

    retry_pause_seconds: float = 0.3
    """Before the second retry of a call, and twice as long before each further one. The first retry is immediate."""

    longest_retry_pause_seconds: float = 5.0
    """Between two attempts. If the pool's Retry-After is longer, its error is returned with it at once."""

    def of_operation(self) -> Deadline:
        """Begins now."""
        return Deadline.after(self.operation_seconds)

    def of_execution(self, deadline: Deadline, wait_seconds: float) -> Deadline:
        """That of an execution whose caller waits so long for it."""
        return deadline.of(min(wait_seconds + self.execution_margin_seconds, self.longest_execution_seconds))

    def of_transfer(self, deadline: Deadline, n_bytes: int) -> Deadline:
        """That of an operation that carries so many bytes of files."""
        seconds = self.operation_seconds + n_bytes / self.transfer_bytes_per_second
        return deadline.of(min(seconds, max(self.longest_transfer_seconds, self.operation_seconds)))
