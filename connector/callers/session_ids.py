"""Session ids and execution ids: who may make them up, and what they look like."""

import hashlib
import re
import secrets
import uuid

from ..errors import InvalidSessionId

_SESSION_ID = re.compile(r"[A-Za-z0-9-]{4,128}")


def mint_session_id() -> str:
    """128 random bits: whoever knows a session's id can use it, so nobody must guess one."""
    return secrets.token_hex(16)


def mint_execution_id() -> str:
    return str(uuid.uuid4())


def check_session_id(session_id: str) -> str:
    """Returns it. Raises InvalidSessionId, whose message says what to send."""
    if not _SESSION_ID.fullmatch(session_id):
        raise InvalidSessionId(
            "A session ID has 4 to 128 letters, digits and hyphens, and this one "
            f"{_what_is_wrong(session_id)}. Send a UUID, or a hash in hex of what names the session for you.",
            target="sessionId",
        )
    return session_id


def pool_identifier(session_id: str, caller: str | None) -> str:
    """How the pool knows the session.

    With function keys all callers are one party, None, and the session is the pool's under the same name: files that
    were put into it by another way are there. A caller of its own has sessions of its own, even under another's ids.
    """
    return session_id if caller is None else hashlib.sha256(f"{caller}\n{session_id}".encode()).hexdigest()


def _what_is_wrong(session_id: str) -> str:
    wrong = sorted(set(re.sub(r"[A-Za-z0-9-]", "", session_id)))
    if wrong:
        return "has " + " ".join(repr(character) for character in wrong[:5])
    return f"has {len(session_id)} characters"
