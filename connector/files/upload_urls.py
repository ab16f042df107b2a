"""CreateUploadUrl, and the single use of its URLs by PutUpload.

The token of such a URL has the caller, the session and the path. That it was used is a mark in the session, in a folder
of the connector's own: whoever sends a file first writes a claim there, and continues if it is the only one. The pool
lists a claim as soon as it is written, so of two callers at least one sees the other's. This needs no task in the
session, so URLs work while the session runs code.
"""

import contextlib
import secrets
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from ..callers.signed_tokens import Tokens, require_tokens
from ..errors import ConnectorError, SessionBusy, UploadNotFound
from ..in_session.protocol import TRANSFERS_FOLDER
from ..models import FilePath, UploadUrl
from ..session_pool.sessions import CallerSessions, SessionClient
from ..session_pool.wire import PoolFile
from .names import checked_destination, checked_name

UPLOAD_URL = "upload-url"
"""The purpose of the token in such a URL."""

LIFETIME_SECONDS = 30 * 60
"""Less than the mark's, which the beginning of a chunked upload removes after `uploads.LIFETIME_SECONDS`."""

_USED = "used"
_CLAIM = "claim-"
_ABANDONED = timedelta(minutes=5)
"""The age at which a claim is that of an instance which has ended: the calls that follow it have deadlines."""

_PATIENCE_SECONDS = 5.0
_PAUSE_SECONDS = 0.2


def create_upload_url(
    sessions: CallerSessions,
    tokens: Tokens | None,
    base_url: str,
    *,
    file_name: str,
    session_id: str | None = None,
    folder: str = "",
) -> UploadUrl:
    """`base_url` is where callers reach the operations. Without a session id, the URL is for a new session, which the
    upload starts. Calls no pool.

    Raises InvalidFileName, and InternalError without `tokens`.
    """
    tokens = require_tokens(tokens, "upload URLs")
    folder = checked_destination(folder, checked_name(file_name))
    session = sessions.session(session_id or sessions.mint_session_id())
    address = {
        "session_id": session.id,
        "caller": sessions.caller,
        "folder": folder,
        "file_name": file_name,
        "upload_id": secrets.token_hex(16),
    }
    expires = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=LIFETIME_SECONDS)
    token = tokens.seal(UPLOAD_URL, address, lifetime_seconds=LIFETIME_SECONDS)
    return UploadUrl(session.id, f"{base_url}/uploads?token={token}", expires)


@dataclass(frozen=True)
class Destination:
    """Where the file goes that is sent to an upload URL."""

    session: SessionClient
    path: FilePath
    upload_id: str

    @contextlib.contextmanager
    def used_once(self) -> Iterator[None]:
        """Around the upload. If that fails, the URL can be used again.

        Raises UploadNotFound after a use, and SessionBusy during another one.
        """
        claim, used = self._own(f"{_CLAIM}{secrets.token_hex(8)}"), self._own(_USED)
        with self._withdrawn_on_failure(claim):
            self.session.upload_file(claim, b"")
            self._wait_for_turn(claim.name)
            with self._withdrawn_on_failure(used):
                self.session.upload_file(used, b"")
                yield

    @contextlib.contextmanager
    def _withdrawn_on_failure(self, mark: FilePath) -> Iterator[None]:
        try:
            yield
        except BaseException:
            deadlines = self.session.pool.deadlines  # that of the operation may have passed
            session = self.session.with_deadline(deadlines.of_operation().within(deadlines.reserve_seconds))
            with contextlib.suppress(ConnectorError):
                session.delete_file(mark)
            raise

    def _wait_for_turn(self, own: str) -> None:
        """Of claims that are written at the same time, the first in alphabetical order goes first."""
        until = time.monotonic() + _PATIENCE_SECONDS
        while True:
            others = self._others(own)
            if not others:
                return
            if min(others) < own or time.monotonic() > until:
                raise SessionBusy(
                    "Another file is being sent to this URL at the moment. Try again after the seconds in "
                    "Retry-After: if that one fails, the URL can be used.",
                    retry_after_seconds=5,
                )
            time.sleep(_PAUSE_SECONDS)

    def _others(self, own: str) -> list[str]:
        """The claims of others. Raises UploadNotFound if the URL was used."""
        files = {file.name: file for file in self.session.list_files(self._folder, recursive=False)}
        if _USED in files:
            raise upload_not_found()
        return [
            name
            for name, file in files.items()
            if name.startswith(_CLAIM) and name != own and not _is_abandoned(file, files.get(own))
        ]

    @property
    def _folder(self) -> str:
        return f"{TRANSFERS_FOLDER}/{self.upload_id}"

    def _own(self, name: str) -> FilePath:
        return FilePath(self._folder, name)


def destination(sessions: CallerSessions, address: dict[str, Any] | None) -> Destination:
    """`address` is the content of an upload URL's token, None for any other token. Raises UploadNotFound."""
    if address is None:
        raise upload_not_found()
    path = FilePath(address["folder"], address["file_name"])
    return Destination(sessions.session(address["session_id"]), path, address["upload_id"])


def upload_not_found() -> UploadNotFound:
    return UploadNotFound(
        "This URL is not one for an upload, has expired, or was used: it takes one file. Create another one with "
        "CreateUploadUrl."
    )


def _is_abandoned(claim: PoolFile, own: PoolFile | None) -> bool:
    """By the session's clock alone."""
    if claim.modified is None or own is None or own.modified is None:
        return False
    return own.modified - claim.modified > _ABANDONED
