"""How long calls of the session pool may take, and the pauses between their attempts."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Deadlines:
    """In seconds. A client has one of these; the defaults fit the front end of Azure Functions."""

    connect_seconds: float = 5.0

    read_seconds: float = 30.0
    """For all responses but those to runs. Twice this, with the connects, fits into a caller's 100 seconds."""

    response_margin_seconds: float = 15.0
    """How much longer than the run its response may take, for the start of a session and the transfer of data."""

    longest_call_seconds: float = 224.0
    """For a run, from the first attempt, without the last connect. The front end of Azure Functions responds with 502
    after 230 s, which must not happen after code was handed over."""

    hand_over_pause_seconds: float = 0.25
    """Before code is offered again, and twice as long before each further time; each caller varies it by half."""

    hand_over_seconds: float = 4.0
    """How long code is offered to a pool that is full or cannot be reached."""

    start_seconds: float = 10.0
    """For the response to a cell that starts a background run, beyond the caller's wait. Starting takes milliseconds; a
    new session, or code that runs before it, may take longer."""

    retry_pause_seconds: float = 0.3
    """Before the second retry of a call, and twice as long before each further one. The first retry is immediate."""

    longest_retry_pause_seconds: float = 5.0
    """Between two attempts, even if the pool's Retry-After is longer."""
