"""The transfer of RestoreWorkspace: the archive is copied into the session, which unpacks it."""

import contextlib
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

from ..errors import (
    ConnectorError,
    FileTooLarge,
    InvalidRequest,
    StorageRejected,
)
from ..files.tasks import run_long_task
from ..in_session.tasks import unpack_workspace
from ..models import TransferProgress, Workspace
from ..session_pool.sessions import SessionClient
from ..transfers.blob_source import BlobSource
from ..transfers.to_blob import existing_session
from ..transfers.to_session import SessionCopy, begin_own_copy
from ..transfers.transfer import Reach, may_go_on, transfer_not_found
from .archives import ARCHIVE, existing_workspace
from .marks import EXCLUDED, Mark, read_mark, write_mark

_RESULT = "unpacked.json"


@dataclass(frozen=True)
class Restore:
    """A Transfer whose result is a Workspace."""

    kind: ClassVar[str] = "restore"

    workspace_id: str
    last_modified: datetime
    copy: SessionCopy

    @property
    def session_id(self) -> str:
        return self.copy.session_id

    def to_json(self) -> dict[str, Any]:
        return {
            "workspace_id": self.workspace_id,
            "last_modified": self.last_modified.isoformat(),
            "copy": self.copy.to_json(),
        }

    @classmethod
    def from_json(cls, members: dict[str, Any]) -> "Restore":
        copy = SessionCopy.from_json(members["copy"], {BlobSource.kind: BlobSource})
        return cls(members["workspace_id"], datetime.fromisoformat(members["last_modified"]), copy)

    def advance(self, reach: Reach, until: float) -> TransferProgress | Workspace:
        """See Transfer.advance. Raises BlobChanged, FileTooLarge, InvalidRequest if a path is taken, and
        StorageRejected for an archive that SaveWorkspace has not made.
        """
        copied = self.copy.advance(reach, until)
        if isinstance(copied, TransferProgress):
            return copied
        part = reach.within_part()
        session = existing_session(part, self.session_id)
        try:
            unpacked = self._unpacked(part, session)
        except ConnectorError as failure:
            if not may_go_on(failure):
                with contextlib.suppress(ConnectorError):
                    self.cancel(reach)
            raise
        if unpacked is None:
            return TransferProgress(self.session_id, self.copy.source.size, self.copy.source.size)
        self._check(unpacked)
        source = self.copy.source
        assert isinstance(source, BlobSource)
        # A poll that repeats the result must not undo what a save has noted since.
        holder = self.copy.upload.upload_id
        mark = read_mark(session)
        if mark is None or mark.holder != holder:
            write_mark(session, Mark(self.workspace_id, source.etag, unpacked["fingerprint"] or None, holder))
        return Workspace(
            self.workspace_id, source.size, unpacked["files"], self.last_modified, source.etag, self.session_id
        )

    def cancel(self, reach: Reach) -> None:
        self.copy.cancel(reach)

    def _unpacked(self, reach: Reach, session: SessionClient) -> unpack_workspace.Result | None:
        """None if the session is still unpacking."""
        arguments = unpack_workspace.Arguments(
            folder=self.copy.upload.folder, archive=ARCHIVE, result=_RESULT, excluded=EXCLUDED
        )
        return run_long_task(
            session,
            reach.facts,
            unpack_workspace.perform,
            arguments,
            stored=self.copy.upload.own(_RESULT),
            is_first=self.copy.is_new,
            failure=_FAILURE,
        )

    def _check(self, unpacked: unpack_workspace.Result) -> None:
        path = unpacked["path"][:100]
        match unpacked["state"]:
            case "unpacked":
                return
            case "no_room":
                raise FileTooLarge(
                    f"The files of the workspace need {unpacked['size']:,} bytes, and beside the archive the session "
                    f"has room for {unpacked['room']:,}. Delete files that are not needed, or use another session.",
                    target="workspaceId",
                )
            case "path_taken":
                raise InvalidRequest(
                    f"The path '{path}' of the workspace is a folder here and a file there, or the reverse. Rename it, "
                    "or restore the workspace into a new session.",
                    target="sessionId",
                )
            case "not_found":
                raise transfer_not_found()
        raise StorageRejected(
            f"The workspace is not an archive that SaveWorkspace has made: its entry '{path}' must not be unpacked. "
            "Delete the workspace, and save it again."
        )


_FAILURE = "The session could not unpack the workspace. Try again; if it fails again, use a new session."


def begin_restore(reach: Reach, workspace_id: str, session_id: str | None) -> Restore:
    """Without a session id, into a new session. Raises WorkspaceNotFound, SessionBusy, FileTooLarge, and
    StorageNotConfigured.
    """
    blob = existing_workspace(reach, workspace_id)
    source = BlobSource.of(reach.storage.require_files(), blob)

    def begin(session: SessionClient) -> Restore:
        copy = begin_own_copy(reach, session, source, name=ARCHIVE, has_own_session=session_id is None)
        return Restore(workspace_id, blob.last_modified, copy)

    if session_id is not None:
        return begin(reach.sessions.session(session_id))
    return reach.sessions.with_new_session(begin)
