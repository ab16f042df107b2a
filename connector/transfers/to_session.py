"""A copy of a file from elsewhere into a session.

It is a chunked upload, whose chunks are ranges of the source. What was received is in the session, as for any other
upload.
"""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol, Self

from ..errors import ConnectorError, RangeNotSatisfiable, UploadNotFound
from ..files.uploads import Upload, begin_own_upload, begin_upload, cancel_upload, get_upload, put_chunk
from ..models import Files, TransferProgress
from ..session_pool.sessions import SessionClient
from . import transfer
from .transfer import Reach, may_go_on, parts_until, transfer_not_found


class Source(Protocol):
    """One version of a file, of `size` bytes, which can be read in ranges."""

    kind: ClassVar[str]

    @property
    def size(self) -> int: ...

    def read(self, reach: Reach, first: int, last: int) -> bytes:
        """The bytes from `first` to `last`. Raises BlobChanged for another version."""

    def close(self) -> None:
        """Ends its connection, if it has one of its own."""

    def to_json(self) -> dict[str, Any]: ...

    @classmethod
    def from_json(cls, members: dict[str, Any]) -> Self: ...


@dataclass(frozen=True)
class SessionCopy:
    """`is_new` is True until the copy has been part of an address. `has_own_session` is True so long if its session was
    made for it: nobody else knows the session.
    """

    session_id: str
    upload: Upload
    source: Source
    is_new: bool = field(default=True, compare=False)
    has_own_session: bool = field(default=False, compare=False)

    def to_json(self) -> dict[str, Any]:
        source = {"kind": self.source.kind, **self.source.to_json()}
        return {"session_id": self.session_id, "upload": self.upload.to_json(), "source": source}

    @classmethod
    def from_json(cls, members: dict[str, Any], sources: "dict[str, type[Source]]") -> "SessionCopy":
        source = dict(members["source"])
        kind = sources[source.pop("kind")]
        return cls(members["session_id"], Upload.from_json(members["upload"]), kind.from_json(source), is_new=False)

    def advance(self, reach: Reach, until: float) -> TransferProgress | Files:
        """Returns the file when it is complete. See Transfer.advance. Raises BlobChanged, FileTooLarge when the session
        has no room left, and InvalidFileName when the path is taken.
        """
        with self._removed_on_failure(reach):
            progress = get_upload(self._session(reach.within_part()), reach.facts, self.upload)
            if progress.files.files:
                return progress.files
            return self._advance(reach, until, progress.received)

    def cancel(self, reach: Reach) -> None:
        """Removes what was received, but not a file that is complete; or its own session. Raises TransferNotFound."""
        session = self._session(reach.within_part())
        if self.has_own_session:
            session.end_session()
            return
        with _as_transfer():
            cancel_upload(session, reach.facts, self.upload)

    def _advance(self, reach: Reach, until: float, received: int) -> TransferProgress | Files:
        size = self.source.size
        reach.hold(min(size, transfer.PART_BYTES))
        before = received
        try:
            for part in parts_until(reach, until):
                last = min(received + transfer.PART_BYTES, size) - 1
                progress = put_chunk(
                    self._session(part),
                    part.facts,
                    self.upload,
                    first=received,
                    content=self.source.read(part, received, last),
                )
                received = progress.received
                if progress.files.files:
                    return progress.files
        except ConnectorError as failure:
            if received == before or not may_go_on(failure):
                raise
        return TransferProgress(self.session_id, received, size)

    def _session(self, reach: Reach) -> SessionClient:
        return reach.sessions.session(self.session_id)

    @contextlib.contextmanager
    def _removed_on_failure(self, reach: Reach) -> Iterator[None]:
        try:
            with _as_transfer():
                yield
        except ConnectorError as failure:
            if self.is_new or not may_go_on(failure):
                with contextlib.suppress(ConnectorError):
                    self.cancel(reach)
            raise


def begin_session_copy(
    reach: Reach, source: Source, *, file_name: str, session_id: str | None = None, folder: str = ""
) -> SessionCopy:
    """A copy to this path, of which nothing is received yet; of an empty file, all is. Without a session id, into a new
    session.

    Raises SessionBusy, InvalidFileName, and FileTooLarge when the session has no room for the file.
    """
    session, upload, _ = begin_upload(
        reach.sessions, reach.facts, file_name=file_name, size=source.size, session_id=session_id, folder=folder
    )
    return SessionCopy(session.id, upload, source, has_own_session=session_id is None)


def begin_own_copy(
    reach: Reach, session: SessionClient, source: Source, *, name: str, has_own_session: bool
) -> SessionCopy:
    """A copy to a file of the connector's own, in the folder of `upload`. Raises SessionBusy and FileTooLarge."""
    upload, _ = begin_own_upload(session, reach.facts, name=name, size=source.size)
    return SessionCopy(session.id, upload, source, has_own_session=has_own_session)


@contextlib.contextmanager
def _as_transfer() -> Iterator[None]:
    """Raises TransferNotFound where the upload is not found, or does not have the bytes that it was sent."""
    try:
        yield
    except (UploadNotFound, RangeNotSatisfiable):
        raise transfer_not_found() from None
