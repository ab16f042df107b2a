"""Links to files in their sessions, for connectors without storage.

Nothing about such a link is stored: its token has the caller, the session, the path, and the version of the file, as
far as size and time show it. So a link serves this version or nothing, and ends with its session.
"""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from ..callers.signed_tokens import Tokens, require_tokens
from ..errors import FileNotFound, FileTooLarge, InvalidFileName, InvalidRequest, SessionNotFound
from ..files.names import checked_path, shown_folder
from ..files.operations import LARGEST_MESSAGE, find_headers
from ..models import FileBytes, FilePath, SharedFile
from ..session_pool.facts import PoolFacts
from ..session_pool.sessions import CallerSessions, SessionClient
from .addresses import link_not_found, link_url


def share_file(
    sessions: CallerSessions,
    facts: PoolFacts,
    tokens: Tokens | None,
    base_url: str,
    *,
    session_id: str,
    file_name: str,
    folder: str = "",
    lifetime_seconds: int,
) -> SharedFile:
    """`base_url` is where callers reach the operations. Starts no session.

    The link works until `expiration_time` at least, unless its session is ended or its file changes, and for
    `lifetime_seconds` at most. Raises SessionNotFound, FileNotFound, FileTooLarge for a file that browsers cannot
    get in one response, and InternalError without `tokens`.
    """
    tokens = require_tokens(tokens, "links")
    session = sessions.session(session_id)
    path = checked_path(file_name, folder)
    session_ends = session.get_session().expires
    path, file = find_headers(session, facts, path)
    if file.size > LARGEST_MESSAGE:
        raise FileTooLarge(
            f"The file has {file.size:,} bytes, and a link serves {LARGEST_MESSAGE:,} at most. Compress or split the "
            "file in the session, or set FILES_CONTAINER_URL, which allows links to files of any size.",
            target="fileName",
        )
    if file.etag is None:
        raise InvalidRequest(
            "The session pool does not state when this file was last modified, and a link is only for one version. "
            "Save the file again in the session.",
            target="fileName",
        )
    expires = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=lifetime_seconds)
    return SharedFile(
        session.id,
        path.name,
        shown_folder(path.folder),
        size=file.size,
        content_type=file.content_type,
        file_url=session_link(tokens, base_url, sessions.caller, session, path, file.etag, expires),
        expiration_time=expires if session_ends is None else min(expires, session_ends.replace(microsecond=0)),
        is_durable=False,
    )


def session_link(
    tokens: Tokens | None,
    base_url: str,
    caller: str | None,
    session: SessionClient,
    path: FilePath,
    version: str,
    expires: datetime,
) -> str:
    """The URL of the file at `path`, whose ETag is `version`. Raises InternalError without `tokens`."""
    address = {
        "session_id": session.id,
        "caller": caller,
        "folder": path.folder,
        "file_name": path.name,
        "version": version,
    }
    return link_url(tokens, base_url, address, expires)


@dataclass(frozen=True)
class LinkedFile:
    """The file of a link that still works. `file` has its headers."""

    session: SessionClient
    facts: PoolFacts
    path: FilePath
    file: FileBytes

    def check_unchanged(self) -> None:
        """To be called with the content read, and before it is sent: it may be that of another version. Raises
        LinkNotFound.
        """
        with link_not_found_without_file():
            _, file = find_headers(self.session, self.facts, self.path)
        if file.etag != self.file.etag:
            raise link_not_found()


def find_linked_file(sessions: CallerSessions, facts: PoolFacts, address: dict[str, Any]) -> LinkedFile:
    """Starts no session. Raises LinkNotFound, and the pool's errors where it is unknown whether the session exists."""
    session = sessions.session(address["session_id"])
    path = FilePath(address["folder"], address["file_name"])
    with link_not_found_without_file():
        session.get_session()
        path, file = find_headers(session, facts, path)
    if file.etag != address["version"]:
        raise link_not_found()
    return LinkedFile(session, facts, path, file)


@contextlib.contextmanager
def link_not_found_without_file() -> Iterator[None]:
    """Raises LinkNotFound instead of the errors of a file or a session that no longer exists."""
    try:
        yield
    except (FileNotFound, InvalidFileName, SessionNotFound):
        raise link_not_found() from None
