"""How the server reads from the processes of a session: a slice at a time, and no faster than others can bear.

A session that sends more than its allowance waits for the server, because its pipe is full, and not the server for it.
"""

import asyncio
from collections.abc import Callable
from typing import Literal

from .pace import Allowance, Slice, Turn, pace

CHUNK_BYTES = 1 << 16

Outcome = Literal["nothing left", "more", "ended"]


class Intake:
    """Reads a descriptor in the event loop in which it was created, until it has ended or is closed."""

    def __init__(self, fd: int, read: Callable[[Slice], Outcome], allowance: Allowance) -> None:
        """`read` reads without blocking, and returns soon after its slice is over."""
        self._fd = fd
        self._read = read
        self._allowance = allowance
        self._loop = asyncio.get_running_loop()
        self._pace = pace()
        self._turn: asyncio.Handle | Turn | None = None
        self._is_closed = False
        self._loop.add_reader(fd, self._is_readable)

    def close(self) -> None:
        """Call before the descriptor is closed."""
        self._is_closed = True
        self._loop.remove_reader(self._fd)
        if self._turn is not None:
            self._turn.cancel()

    def _is_readable(self) -> None:
        if self._allowance.is_spent:
            self._wait_for_turn()
        else:
            self._continue(self._take_slice())

    def _take_turn(self) -> None:
        self._turn = None
        outcome = self._take_slice()
        if outcome == "nothing left" and not self._is_closed:
            self._loop.add_reader(self._fd, self._is_readable)
        else:
            self._continue(outcome)

    def _take_slice(self) -> Outcome:
        current = Slice()
        outcome = self._read(current)
        self._allowance.spend(current.seconds)
        return outcome

    def _continue(self, outcome: Outcome) -> None:
        if self._is_closed:
            return
        if outcome == "more":
            self._wait_for_turn()
        elif outcome == "ended":
            self._loop.remove_reader(self._fd)

    def _wait_for_turn(self) -> None:
        self._loop.remove_reader(self._fd)
        if self._allowance.is_spent:
            self._turn = self._pace.call(self._take_turn)
        else:
            self._turn = self._loop.call_soon(self._take_turn)
