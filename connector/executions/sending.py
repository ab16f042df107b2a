"""Sends cells to a session: a short one if it probably has the payload, a complete one otherwise.

What a process knows about sessions is a hint: an interpreter may have been restarted, and another process may have
installed the payload. A short cell that finds none reports so, has run nothing, and is followed by the complete cell.
"""

from collections.abc import Callable
from typing import NamedTuple

from ..in_session.cell import Cell
from ..session_pool.facts import PoolFacts
from ..session_pool.hand_over import RunLost
from ..session_pool.sessions import SessionClient
from ..session_pool.wire import Run


class Sent(NamedTuple):
    run: Run
    is_short: bool
    """Whether the cell that ran was the short one."""

    @property
    def is_silent(self) -> bool:
        """A short cell that neither ran code nor could report that the payload is not installed leaves this."""
        run = self.run
        return self.is_short and run.status == "Succeeded" and not (run.stdout or run.stderr or run.value)


def send_cell(session: SessionClient, facts: PoolFacts, cell: Cell, send: Callable[[str], Run]) -> Sent:
    """Calls `send` with the text of the cell, twice if the hint was wrong. Raises RunLost, and what `send` raises."""
    if cell.short is None:
        return Sent(send(cell.text), is_short=False)
    if facts.may_have_payload(session):
        run = send(cell.short)
        if not cell.was_not_installed(run.stdout):
            facts.note_payload(session, is_installed=cell.has_reported(run.stdout))
            return Sent(run, is_short=True)
    run = send(cell.text)
    if cell.was_not_installed(run.stdout):  # the pool has repeated its earlier response
        raise RunLost
    facts.note_payload(session, is_installed=cell.has_reported(run.stdout))
    return Sent(run, is_short=False)
