"""Sends cells to a session: a short one if it probably has the payload, a complete one otherwise.

What a process knows about sessions is a hint: an interpreter may have been restarted, and another process may have
installed the payload. A short cell that finds none reports so, has run nothing, and is followed by the complete cell.
That has an execution ID of its own in the pool, which may take two requests with the same one for one request.
"""

from collections.abc import Callable
from typing import NamedTuple

from ..callers.session_ids import second_execution_id
from ..in_session.cell import Cell
from ..in_session.report import find_nonce, read_stdout
from ..session_pool.facts import PoolFacts
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


def send_cell(
    session: SessionClient, facts: PoolFacts, cell: Cell, execution_id: str, send: Callable[[str, str], Run]
) -> Sent:
    """Calls `send` with the text of the cell and the ID of its run in the pool, twice if the hint was wrong.

    Raises RunLost, and what `send` raises. `run_in_pool` finds the run.
    """
    if cell.short is None:
        return Sent(send(cell.text, execution_id), is_short=False)
    if facts.may_have_payload(session):
        run = send(cell.short, execution_id)
        if not cell.was_not_installed(run.stdout):
            facts.note_payload(session, is_installed=cell.has_reported(run.stdout))
            return Sent(run, is_short=True)
        facts.note_payload(session, is_installed=False)
        execution_id = second_execution_id(execution_id)
    run = send(cell.text, execution_id)
    facts.note_payload(session, is_installed=cell.has_reported(run.stdout))
    return Sent(run, is_short=False)


def run_in_pool(session: SessionClient, execution_id: str) -> Run:
    """The pool's run of the last cell that `send_cell` has sent for the execution. Raises ExecutionNotFound."""
    run = session.get_execution(execution_id)
    if run.status != "Running" and (nonce := find_nonce(run.stdout)):
        reported = read_stdout(run.stdout, nonce)
        if reported is not None and reported.is_not_installed:
            return session.get_execution(second_execution_id(execution_id))
    return run
