"""Whether a session is busy: it runs one thing at a time.

Code that is sent during a deferred run waits in the pool, and a pool may restart an interpreter whose queue waits too
long. So the connector checks first, if a deferred run is possible.
"""

from ..callers.session_ids import mint_execution_id
from ..errors import FileNotFound, RequestTooLarge
from ..in_session.cell import make_start_cell
from ..in_session.protocol import OUTPUTS_FOLDER, RUNNING
from ..models import FilePath
from ..session_pool.facts import PoolFacts
from ..session_pool.hand_over import RunLost
from ..session_pool.sessions import SessionClient
from .records import is_recent
from .sending import send_cell

_START_TIMEOUT_SECONDS = 60
"""The pool's timeout for the cell, which itself takes milliseconds."""


def is_busy(session: SessionClient, facts: PoolFacts) -> bool:
    """Whether a deferred run is in progress in the session. One call of the pool."""
    try:
        marker = session.get_file(FilePath(OUTPUTS_FOLDER, RUNNING))
        busy = marker.modified is None or is_recent(marker.modified)
    except FileNotFound:
        busy = False
    facts.note_busy(session, is_busy=busy)
    return busy


def start_next(session: SessionClient, facts: PoolFacts) -> bool:
    """Starts the oldest queued execution of an idle session, for example after its interpreter was restarted. Returns
    whether the session has confirmed it.
    """
    cell = make_start_cell(max_report_characters=session.pool.longest_stdout)
    try:
        send_cell(
            session,
            facts,
            cell,
            mint_execution_id(),
            timeout_seconds=_START_TIMEOUT_SECONDS,
            read_seconds=session.pool.deadlines.start_seconds,
        )
    except (RunLost, RequestTooLarge):  # the next poll tries again
        return False
    facts.note_busy(session, is_busy=True)
    return True
