"""GetSession and EndSession."""

from .models import Session
from .session_pool.sessions import SessionClient


def get_session(session: SessionClient) -> Session:
    """Raises SessionNotFound."""
    times = session.get_session()
    return Session(session.id, times.created, times.last_accessed, times.expires)


def end_session(session: SessionClient) -> None:
    """Raises SessionNotFound."""
    session.end_session()
