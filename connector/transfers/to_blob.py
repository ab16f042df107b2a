"""A copy of a session's file to a blob of the connector's own container.

The parts are blocks that are not committed yet, so that the blob appears complete or not at all. Their ids have the
copy's nonce and their number, and the nonce is the ID of the commit, which the blob has in its metadata. So any
instance finds out how far the copy has come, and whether it is complete.
"""

import contextlib
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from ..errors import (
    BlobChanged,
    BlobExists,
    BlobNotFound,
    ConnectorError,
    FileChanged,
    PoolUnavailable,
)
from ..files.operations import find_headers
from ..files.reading import download_range
from ..models import FileBytes, FilePath, TransferProgress
from ..session_pool.errors import session_not_found
from ..session_pool.sessions import SessionClient
from ..storage.containers import Blob
from . import transfer
from .transfer import Reach, may_go_on, parts_until, transfer_not_found


@dataclass(frozen=True)
class BlobCopy:
    """`version` is that of the session's file, as far as its size and time show it: FileBytes.etag.

    The blob is committed on the condition that there is none of this name if `must_be_absent`, that it has the ETag
    `if_match`, or on none. `metadata` is added to the blob's. `is_new` is True until the copy has been part of an
    address: none of its parts is stored, and its file was found in this request.
    """

    session_id: str
    folder: str
    file_name: str
    size: int
    version: str | None
    blob_name: str
    content_type: str
    nonce: str
    part_bytes: int
    must_be_absent: bool = False
    if_match: str | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)
    is_new: bool = field(default=True, compare=False)

    def to_json(self) -> dict[str, Any]:
        members = asdict(self)
        del members["is_new"]
        return members

    @classmethod
    def from_json(cls, members: dict[str, Any]) -> "BlobCopy":
        return cls(**members, is_new=False)

    @property
    def path(self) -> FilePath:
        return FilePath(self.folder, self.file_name)

    def advance(self, reach: Reach, until: float) -> TransferProgress | Blob:
        """Returns the blob when it is complete. See Transfer.advance. Raises FileChanged and FileNotFound when the
        session's file is not the same any more, BlobExists and BlobChanged where the condition does not hold, and
        SessionNotFound.
        """
        with self._removed_on_failure(reach):
            blocks = 0 if self.is_new else self._stored_blocks(reach.within_part())
            if blocks is None:
                return self._complete_blob(reach.within_part())
            return self._advance(reach, until, blocks)

    def cancel(self, reach: Reach) -> None:
        """Discards the parts. Raises TransferNotFound without any, but not if the blob is complete."""
        reach = reach.within_part()
        if self._stored_blocks(reach) is not None:
            self._discard(reach)

    def _advance(self, reach: Reach, until: float, blocks: int) -> TransferProgress | Blob:
        reach.hold(min(self.size, self.part_bytes))
        total = -(-self.size // self.part_bytes)
        is_checked, advanced = self.is_new, False  # the headers of a new copy have just been found
        try:
            for part in parts_until(reach, until):
                if not is_checked:
                    self._check_unchanged(part)
                    is_checked = True
                if blocks < total:
                    self._copy_block(part, blocks)
                    blocks, advanced = blocks + 1, True
                if blocks == total:
                    self._check_unchanged(part)
                    return self._commit(part, total)
        except ConnectorError as failure:
            if not (advanced and may_go_on(failure)):
                raise
        return TransferProgress(self.session_id, min(blocks * self.part_bytes, self.size), self.size)

    def _copy_block(self, reach: Reach, index: int) -> None:
        session = existing_session(reach, self.session_id)
        first = index * self.part_bytes
        last = min(first + self.part_bytes, self.size) - 1
        file = FileBytes(self.file_name, self.content_type, self.size, None)
        try:
            content = download_range(session, reach.facts, self.path, file, first=first, last=last)
        except PoolUnavailable:
            self._check_unchanged(reach)
            raise
        if len(content) != last + 1 - first:
            raise self._changed()
        reach.storage.require_files().put_block(self.blob_name, self._block_id(index), content)

    def _commit(self, reach: Reach, blocks: int) -> Blob:
        container = reach.storage.require_files()
        container.commit(
            self.blob_name,
            [self._block_id(index) for index in range(blocks)],
            content_type=self.content_type,
            metadata=self.metadata,
            if_match=self.if_match,
            if_absent=self.must_be_absent,
            commit_id=self.nonce,
        )
        return container.get_blob(self.blob_name)

    def _stored_blocks(self, reach: Reach) -> int | None:
        """How many parts are stored, from the first one on; None if the blob is complete. Raises TransferNotFound."""
        stored = {block_id for block_id, _ in reach.storage.require_files().uncommitted_blocks(self.blob_name)}
        blocks = 0
        while self._block_id(blocks) in stored:
            blocks += 1
        if blocks:
            return blocks
        if self._own_blob(reach) is None:
            raise transfer_not_found()
        return None

    def _complete_blob(self, reach: Reach) -> Blob:
        blob = self._own_blob(reach)
        if blob is None:
            raise transfer_not_found()
        return blob

    def _own_blob(self, reach: Reach) -> Blob | None:
        """The blob, if this copy has committed it, and nobody has replaced it since."""
        try:
            blob = reach.storage.require_files().get_blob(self.blob_name)
        except BlobNotFound:
            return None
        return blob if blob.commit_id == self.nonce else None

    def _check_unchanged(self, reach: Reach) -> None:
        """Raises FileChanged, FileNotFound and SessionNotFound."""
        session = existing_session(reach, self.session_id)
        _, file = find_headers(session, reach.facts, self.path)
        if (file.size, file.etag) != (self.size, self.version):
            raise self._changed()

    def _changed(self) -> FileChanged:
        return FileChanged(
            "The session's file was changed while it was copied, and nothing was stored. Copy it again when no code "
            "writes it.",
            target="fileName",
        )

    def _block_id(self, index: int) -> str:
        """All ids of a blob must have the same length."""
        return f"{self.nonce}-{index:06}"

    @contextlib.contextmanager
    def _removed_on_failure(self, reach: Reach) -> Iterator[None]:
        try:
            yield
        except ConnectorError as failure:
            if self.is_new or not may_go_on(failure):
                with contextlib.suppress(ConnectorError):
                    self._discard(reach.within_part())
            raise

    def _discard(self, reach: Reach) -> None:
        """Removes the parts. Storage has no call for this: committing an empty blob removes them, if there is none of
        this name. With a blob, they stay invisible until storage removes them, after a week.
        """
        container = reach.storage.require_files()
        with contextlib.suppress(BlobExists, BlobChanged, BlobNotFound):
            if container.uncommitted_blocks(self.blob_name):
                etag = container.commit(self.blob_name, [], content_type=self.content_type, if_absent=True)
                container.delete(self.blob_name, if_match=etag)


def begin_blob_copy(
    reach: Reach,
    *,
    session_id: str,
    path: FilePath,
    blob_name: str,
    must_be_absent: bool = False,
    if_match: str | None = None,
    metadata: Mapping[str, str] | None = None,
) -> BlobCopy:
    """A copy of the file as it is now, of which nothing is stored yet. Starts no session.

    Raises SessionNotFound, FileNotFound, and StorageNotConfigured.
    """
    reach.storage.require_files()
    session = existing_session(reach, session_id)
    path, file = find_headers(session, reach.facts, path)
    return blob_copy(
        session, path, file, blob_name=blob_name, must_be_absent=must_be_absent, if_match=if_match, metadata=metadata
    )


def blob_copy(
    session: SessionClient,
    path: FilePath,
    file: FileBytes,
    *,
    blob_name: str,
    must_be_absent: bool = False,
    if_match: str | None = None,
    metadata: Mapping[str, str] | None = None,
) -> BlobCopy:
    """A copy of the file at `path`, whose headers have been found. Calls nothing."""
    return BlobCopy(
        session.id,
        path.folder,
        path.name,
        file.size,
        file.etag,
        blob_name,
        file.content_type,
        secrets.token_hex(8),
        transfer.PART_BYTES,
        must_be_absent=must_be_absent,
        if_match=if_match,
        metadata=metadata or {},
    )


def existing_session(reach: Reach, session_id: str) -> SessionClient:
    """Raises SessionNotFound: to read a file from a session that has ended would start another one."""
    session = reach.sessions.session(session_id)
    if not session.exists():
        raise session_not_found()
    return session
