"""ImportFile: a blob, or a file from an https address, as a file of a session."""

from dataclasses import dataclass
from typing import Any, ClassVar

from ..errors import InvalidRequest
from ..files.names import checked_name
from ..models import Files, TransferProgress
from .blob_source import BlobSource
from .to_session import SessionCopy, Source, begin_session_copy
from .transfer import Reach

_SOURCES: dict[str, type[Source]] = {kind.kind: kind for kind in (BlobSource,)}


@dataclass(frozen=True)
class Import:
    """A Transfer whose result is Files."""

    kind: ClassVar[str] = "import"

    copy: SessionCopy

    @property
    def session_id(self) -> str:
        return self.copy.session_id

    def to_json(self) -> dict[str, Any]:
        return self.copy.to_json()

    @classmethod
    def from_json(cls, members: dict[str, Any]) -> "Import":
        return cls(SessionCopy.from_json(members, _SOURCES))

    def advance(self, reach: Reach, until: float) -> TransferProgress | Files:
        return self.copy.advance(reach, until)

    def cancel(self, reach: Reach) -> None:
        self.copy.cancel(reach)


def begin_import(
    reach: Reach,
    *,
    blob_url: str | None = None,
    file_url: str | None = None,
    openai_file_id_refs: list[str] | None = None,
    names: list[str | None] | None = None,
    session_id: str | None = None,
    folder: str = "",
    file_name: str | None = None,
) -> Import | Files:
    """Without a session id, into a new session. Raises InvalidRequest unless exactly one source is given."""
    sources = [source for source in (blob_url, file_url, openai_file_id_refs) if source is not None]
    if len(sources) != 1:
        raise InvalidRequest(
            "ImportFile takes one source, and "
            f"{'none was' if not sources else 'several were'} sent. Send blobUrl, fileUrl or openaiFileIdRefs."
        )
    if blob_url is not None:
        container, blob_name = reach.storage.container_of(blob_url)
        name = checked_name(blob_name.rpartition("/")[2] if file_name is None else file_name)
        source = BlobSource.of(container, container.get_blob(blob_name))
        return Import(begin_session_copy(reach, source, file_name=name, session_id=session_id, folder=folder))
    raise NotImplementedError
