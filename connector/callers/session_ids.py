"""Ids of sessions and executions: what they look like, and whose sessions they name."""

import hashlib
import re
import secrets
import uuid

from ..errors import InvalidSessionId

_SESSION_ID = re.compile(r"[A-Za-z0-9-]{4,128}")


def mint_session_id() -> str:
    """128 random bits: the id is sufficient to use the session, so it must not be guessable."""
    return secrets.token_hex(16)


def mint_execution_id() -> str:
    return str(uuid.uuid4())


def check_session_id(session_id: str) -> str:
    """Returns the id if it is valid. Raises InvalidSessionId."""
    if not _SESSION_ID.fullmatch(session_id):
        raise InvalidSessionId(
            f"A session ID has 4 to 128 letters, digits and hyphens, and this one {_problem(session_id)}. Send a UUID, "
            "or the hexadecimal hash of a name of your own.",
            target="sessionId",
        )
    return session_id


def pool_identifier(session_id: str, caller: str | None) -> str:
    """The session's identifier in the pool.

    Callers with function keys are not distinguished: they are None, and the identifier is the session id, so other
    clients of the pool can use the session. Signed-in callers have separate sessions, even for the same id.
    """
    return session_id if caller is None else hashlib.sha256(f"{caller}\n{session_id}".encode()).hexdigest()


def _problem(session_id: str) -> str:
    invalid = sorted(set(re.sub(r"[A-Za-z0-9-]", "", session_id)))
    if invalid:
        return "has " + " ".join(repr(character) for character in invalid[:5])
    return f"has {len(session_id)} characters"
