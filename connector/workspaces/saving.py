"""The transfer of SaveWorkspace: the session packs its files, and the archive is copied to storage.

The blob's commit has the ID of the transfer, which is also the name of its folder in the session. So whoever polls it
finds out how far it has come, and whether it is complete.
"""

import contextlib
import secrets
from dataclasses import asdict, dataclass, field
from typing import Any, ClassVar, TypeGuard

from ..errors import (
    BlobChanged,
    BlobExists,
    ConnectorError,
    FileNotFound,
    FileTooLarge,
    WorkspaceChanged,
)
from ..files.operations import find_headers
from ..files.tasks import run_long_task
from ..in_session.protocol import TRANSFERS_FOLDER
from ..in_session.tasks import pack_workspace
from ..models import FilePath, TransferProgress, Workspace
from ..session_pool.sessions import SessionClient
from ..storage.containers import Blob
from ..transfers import transfer
from ..transfers.to_blob import BlobCopy, existing_session
from ..transfers.transfer import Reach, may_go_on, transfer_not_found
from .archives import ARCHIVE, CONTENT_TYPE, archive_name, find_workspace, holder_of, metadata, workspace_of
from .marks import EXCLUDED, Mark, new_holder, write_mark

_RESULT = "packed.json"
_ABANDONED = "abandoned"


@dataclass(frozen=True)
class Save:
    """A Transfer whose result is a Workspace, or None if the session's files have the fingerprint `unless`.

    Replaces the version `if_match`, or any with `*`; without it, there must be none. It also replaces a version that
    names the `holder`: the session has saved that itself, even if it could not be told so.
    """

    kind: ClassVar[str] = "save"

    session_id: str
    workspace_id: str
    transfer_id: str
    if_match: str | None
    holder: str
    unless: str | None = None
    is_new: bool = field(default=True, compare=False)

    def to_json(self) -> dict[str, Any]:
        members = asdict(self)
        del members["is_new"]
        return members

    @classmethod
    def from_json(cls, members: dict[str, Any]) -> "Save":
        return cls(**members, is_new=False)

    def advance(self, reach: Reach, until: float) -> TransferProgress | Workspace | None:
        """See Transfer.advance. Raises WorkspaceChanged, FileTooLarge if the session has no room for its archive, and
        SessionNotFound.
        """
        part = reach.within_part()
        blob = find_workspace(part, self.workspace_id)
        if self._is_own(blob):
            return workspace_of(blob, self.workspace_id, self.session_id)
        try:
            session = existing_session(part, self.session_id)
            packed = self._packed(part, session)
            if packed is None:
                return TransferProgress(self.session_id, 0, 0)
            if packed["state"] == "unchanged":
                return None
            return self._copy(reach, until, packed, self._replaced(blob))
        except ConnectorError as failure:
            if not self.is_new and not may_go_on(failure):
                # Another poll may have completed it meanwhile, and removed the archive from the session.
                blob = find_workspace(reach.within_part(), self.workspace_id)
                if self._is_own(blob):
                    return workspace_of(blob, self.workspace_id, self.session_id)
            if self.is_new or not may_go_on(failure):
                self._remove(reach.within_part())
            if isinstance(failure, FileNotFound):
                raise transfer_not_found() from failure
            raise

    def cancel(self, reach: Reach) -> None:
        """Raises TransferNotFound."""
        reach = reach.within_part()
        if not self._is_own(find_workspace(reach, self.workspace_id)):
            self._remove(reach)

    def _replaced(self, blob: Blob | None) -> str | None:
        """The version that the save may replace, `*` for any, None if there is none yet. Raises WorkspaceChanged."""
        if blob is not None and holder_of(blob) == self.holder:
            return blob.etag
        if self.if_match != "*" and self.if_match != (blob and blob.etag):
            raise workspace_changed(self.workspace_id)
        return self.if_match

    def _copy(
        self, reach: Reach, until: float, packed: pack_workspace.Result, replaced: str | None
    ) -> TransferProgress | Workspace:
        path = FilePath(self._folder, ARCHIVE)
        part = reach.within_part()
        try:
            _, file = find_headers(existing_session(part, self.session_id), part.facts, path)
        except FileNotFound:
            raise transfer_not_found() from None
        copy = BlobCopy(
            self.session_id,
            path.folder,
            path.name,
            file.size,
            file.etag,
            archive_name(reach.sessions.caller, self.workspace_id),
            CONTENT_TYPE,
            self.transfer_id,
            transfer.PART_BYTES,
            must_be_absent=replaced is None,
            if_match=None if replaced == "*" else replaced,
            metadata=metadata(packed["files"], self.holder),
            is_new=self.is_new or not self._has_blocks(part),
        )
        try:
            copied = copy.advance(reach, until)
        except (BlobChanged, BlobExists):
            raise workspace_changed(self.workspace_id) from None
        if isinstance(copied, TransferProgress):
            return copied
        part = reach.within_part()
        with contextlib.suppress(ConnectorError):  # a session that has ended since has no more use for it
            mark = Mark(self.workspace_id, copied.etag, packed["fingerprint"], self.holder)
            write_mark(existing_session(part, self.session_id), mark)
        self._remove(part)
        return workspace_of(copied, self.workspace_id, self.session_id)

    @property
    def _folder(self) -> str:
        return f"{TRANSFERS_FOLDER}/{self.transfer_id}"

    def _is_own(self, blob: Blob | None) -> TypeGuard[Blob]:
        """Whether this save has committed it."""
        return blob is not None and blob.commit_id == self.transfer_id

    def _has_blocks(self, reach: Reach) -> bool:
        name = archive_name(reach.sessions.caller, self.workspace_id)
        blocks = reach.storage.require_files().uncommitted_blocks(name)
        return any(block_id.startswith(self.transfer_id) for block_id, _ in blocks)

    def _packed(self, reach: Reach, session: SessionClient) -> pack_workspace.Result | None:
        """None if the session is still packing."""
        arguments = pack_workspace.Arguments(
            folder=self._folder,
            archive=ARCHIVE,
            result=_RESULT,
            abandoned=_ABANDONED,
            excluded=EXCLUDED,
            unless=self.unless,
        )
        stored = FilePath(self._folder, _RESULT)
        packed = run_long_task(
            session,
            reach.facts,
            pack_workspace.perform,
            arguments,
            stored=stored,
            is_first=self.is_new,
            failure=_FAILURE,
        )
        if packed is None:
            return None
        if packed["state"] == "no_room":
            raise FileTooLarge(
                f"The session needs {packed['size']:,} bytes for an archive of its files, and has room for "
                f"{packed['room']:,}. Delete files that are not needed, or export large files one by one.",
                target="sessionId",
            )
        if packed["state"] == "too_many":
            raise FileTooLarge(
                f"The session has {packed['files']:,} files and folders, more than a workspace can have. Put them into "
                "fewer files, such as archives.",
                target="sessionId",
            )
        if packed["state"] == "canceled":
            raise transfer_not_found()
        return packed

    def _remove(self, reach: Reach) -> None:
        """Removes the archive from the session; one that is still being packed, when it is complete. The task's result
        stays, or a file in its place, so that a late poll does not pack the files again.
        """
        with contextlib.suppress(ConnectorError):
            session = existing_session(reach, self.session_id)
            left = {file.name for file in session.list_files(self._folder, recursive=False)}
            if _RESULT not in left:
                session.upload_file(FilePath(self._folder, _ABANDONED), b"")
            if ARCHIVE in left:
                session.delete_file(FilePath(self._folder, ARCHIVE))


_FAILURE = "The session could not pack its files. Try again; if it fails again, export the files one by one."


def begin_save(session_id: str, mark: Mark, *, unless: str | None = None) -> Save:
    """`mark` states which workspace it is, and which version is to be replaced."""
    return Save(
        session_id, mark.workspace_id, secrets.token_hex(8), mark.etag, mark.holder or new_holder(), unless=unless
    )


def workspace_changed(workspace_id: str) -> WorkspaceChanged:
    return WorkspaceChanged(
        f"The workspace '{workspace_id}' is not the version that this session has restored or saved, so it was not "
        "replaced: someone else has saved or deleted it. Restore it into another session and repeat the changes there, "
        "or save this session's files with SaveWorkspace and the eTag *.",
        target="workspaceId",
    )
