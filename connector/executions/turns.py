"""Whether a session is busy: it runs one thing at a time.

Code that is sent during a deferred run waits in the pool, and a pool may restart an interpreter whose queue waits too
long. So the connector checks first, if a deferred run is possible.
"""

from ..errors import FileNotFound
from ..in_session.protocol import OUTPUTS_FOLDER, RUNNING
from ..models import FilePath
from ..session_pool.facts import PoolFacts
from ..session_pool.sessions import SessionClient
from .records import is_recent


def is_busy(session: SessionClient, facts: PoolFacts) -> bool:
    """Whether a deferred run is in progress in the session. One call of the pool."""
    try:
        marker = session.get_file(FilePath(OUTPUTS_FOLDER, RUNNING))
        busy = marker.modified is None or is_recent(marker.modified)
    except FileNotFound:
        busy = False
    facts.note_busy(session, is_busy=busy)
    return busy
