"""GetSession and EndSession."""

from ..identity import check_session_id, pool_identifier
from ..session_pool import SessionPoolClient
from ..shapes import Session


def get_session(pool: SessionPoolClient, *, session_id: str) -> Session:
    """Raises SessionNotFound."""
    found = pool.get_session(pool_identifier(check_session_id(session_id)))
    return Session(session_id, found.created, found.last_accessed, found.expires)


def end_session(pool: SessionPoolClient, *, session_id: str) -> None:
    """Raises SessionNotFound."""
    pool.end_session(pool_identifier(check_session_id(session_id)))
