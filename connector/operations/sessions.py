"""GetSession and EndSession."""

from ..identity import check_session_id
from ..session_pool import SessionPoolClient
from ..shapes import Session


def get_session(pool: SessionPoolClient, *, session_id: str) -> Session:
    """Raises SessionNotFound."""
    found = pool.get_session(check_session_id(session_id))
    return Session(session_id, found.created, found.last_accessed, found.expires)


def end_session(pool: SessionPoolClient, *, session_id: str) -> None:
    """Raises SessionNotFound."""
    pool.end_session(check_session_id(session_id))
