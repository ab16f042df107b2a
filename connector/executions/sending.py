"""Sends cells to a session: a short one if it probably has the payload, a complete one otherwise.

What a process knows about sessions is a hint: an interpreter may have been restarted, and another process may have
installed the payload. A short cell that finds none reports so, has run nothing, and is followed by the complete cell.
That has an execution ID of its own in the pool, which may take two requests with the same one for one request.

A cell that reaches an interpreter that is just ending does not run, and the pool reports only that the interpreter was
restarted. Nothing proves then that it was not its code that has ended the interpreter, so it could not be sent again.
So after a run that has ended its interpreter, a cell without code is sent first: whatever the pool responds, it knows
of the end by then.
"""

import contextlib

from ..callers.session_ids import mint_execution_id, second_execution_id
from ..in_session.cell import Cell, make_start_cell
from ..in_session.report import find_nonce, read_stdout
from ..session_pool.facts import PoolFacts
from ..session_pool.hand_over import RunLost
from ..session_pool.sessions import SessionClient
from ..session_pool.wire import Run

_RESTART_TIMEOUT_SECONDS = 60
"""The pool's timeout for the cell without code, which itself takes milliseconds."""


def send_cell(
    session: SessionClient,
    facts: PoolFacts,
    cell: Cell,
    execution_id: str,
    *,
    timeout_seconds: int,
    read_seconds: float | None = None,
) -> Run:
    """The pool's run of the cell, which takes two calls if the hint was wrong. `run_in_pool` finds the run.

    A cell prevents a second run of its code by itself, so it is sent again after the connection failed. Raises what
    `SessionClient.execute_code` raises, when there is some time left to find out what became of the cell.
    """

    def send(text: str, execution_id: str) -> Run:
        return session.with_reserve().execute_code(
            text,
            execution_id=execution_id,
            timeout_seconds=timeout_seconds,
            may_repeat=True,
            read_seconds=read_seconds,
        )

    if cell.short is None:
        return send(cell.text, execution_id)
    if facts.may_be_ending(session):
        _wait_for_restart(session)
        facts.note_ending(session, is_ending=False)
    if facts.may_have_payload(session):
        run = send(cell.short, execution_id)
        if not cell.was_not_installed(run.stdout):
            facts.note_payload(session, is_installed=cell.has_reported(run.stdout))
            return run
        facts.note_payload(session, is_installed=False)
        execution_id = second_execution_id(execution_id)
    run = send(cell.text, execution_id)
    facts.note_payload(session, is_installed=cell.has_reported(run.stdout))
    return run


def _wait_for_restart(session: SessionClient) -> None:
    """Returns when the pool knows that the session's interpreter has ended. Raises what `send_cell` raises, except
    RunLost: then the pool has had some seconds for it.
    """
    cell = make_start_cell(max_report_characters=session.pool.longest_stdout)
    with contextlib.suppress(RunLost):
        session.with_reserve().execute_code(
            cell.short or cell.text,
            execution_id=mint_execution_id(),
            timeout_seconds=_RESTART_TIMEOUT_SECONDS,
            may_repeat=True,
            read_seconds=session.pool.deadlines.start_seconds,
        )


def is_silent(run: Run) -> bool:
    """Left by a cell that neither ran code nor could report why, or by a pool that only claims to have run it."""
    return run.status == "Succeeded" and not (run.stdout or run.stderr or run.value)


def run_in_pool(session: SessionClient, execution_id: str) -> Run:
    """The pool's run of the last cell that `send_cell` has sent for the execution. Raises ExecutionNotFound."""
    run = session.get_execution(execution_id)
    if run.status != "Running" and (nonce := find_nonce(run.stdout)):
        reported = read_stdout(run.stdout, nonce)
        if reported is not None and reported.is_not_installed:
            return session.get_execution(second_execution_id(execution_id))
    return run
