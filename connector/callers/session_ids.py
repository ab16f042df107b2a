"""Ids of sessions and executions: what they look like, and whose sessions they name."""

import hashlib
import re
import secrets
import uuid

from ..errors import InvalidSessionId

_SECOND_CELLS = uuid.UUID("5d6c3c53-8d0e-4c43-9d6f-0b1a4a4a54f1")
_SESSION_ID = re.compile(r"[A-Za-z0-9-]{4,128}")


def mint_session_id(tag: str) -> str:
    """128 random bits, because the id is sufficient to use the session, and the tag of the session's pool."""
    return f"{secrets.token_hex(16)}-{tag}"


def tag_in(session_id: str) -> str:
    """What stands where `mint_session_id` writes the tag. Ids of other origin may have anything there."""
    return session_id.rpartition("-")[2]


def keyed_session_id(idempotency_key: str) -> str:
    """The id depends on the key alone: a repeated call finds the session of the first."""
    return hashlib.sha256(f"session\n{idempotency_key}".encode()).hexdigest()[:32]


def mint_execution_id() -> str:
    return str(uuid.uuid4())


def second_execution_id(execution_id: str) -> str:
    """For another cell of the same execution: a pool may repeat its response to the first instead of running it."""
    return str(uuid.uuid5(_SECOND_CELLS, execution_id))


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
