"""GetSession and EndSession."""

from .callers.session_ids import check_session_id
from .models import Session
from .session_pool.client import SessionPoolClient


def get_session(pool: SessionPoolClient, *, session_id: str) -> Session:
    """Raises SessionNotFound."""
    found = pool.get_session(check_session_id(session_id))
    return Session(session_id, found.created, found.last_accessed, found.expires)


def end_session(pool: SessionPoolClient, *, session_id: str) -> None:
    """Raises SessionNotFound."""
    pool.end_session(check_session_id(session_id))
