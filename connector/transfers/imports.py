"""ImportFile: a blob, or a file from an https address, as a file of a session."""

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, TypedDict

from ..errors import InvalidRequest
from ..files.names import checked_name
from ..models import Files, TransferProgress
from ..outbound.file_urls import OpenFile, SourceRefused, is_page_name
from . import transfer
from .blob_source import BlobSource
from .streams import LARGEST, import_stream, import_together
from .to_session import SessionCopy, Source, begin_session_copy
from .transfer import Reach
from .url_source import UrlSource

_SOURCES: dict[str, type[Source]] = {kind.kind: kind for kind in (BlobSource, UrlSource)}

_FETCH_SECONDS = 90.0
"""From the beginning of a request, for what is read in it alone."""


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
        with contextlib.closing(self.copy.source):
            return self.copy.advance(reach, until)

    def cancel(self, reach: Reach) -> None:
        self.copy.cancel(reach)


def begin_import(
    reach: Reach,
    *,
    blob_url: str | None = None,
    file_url: str | None = None,
    openai_file_id_refs: list[str] | None = None,
    names: Sequence[str | None] = (),
    session_id: str | None = None,
    folder: str = "",
    file_name: str | None = None,
) -> Import | Files:
    """The import of a file from one of the three sources, or its result, if it cannot be continued later. `names` are
    those of the files of a chat. Without a session id, into a new session.

    Raises SourceNotAllowed, BlobNotFound, SourceUnavailable, InvalidFileName, SessionBusy, and FileTooLarge when the
    session has no room for the file.
    """
    sources = {"blobUrl": blob_url, "fileUrl": file_url, "openaiFileIdRefs": openai_file_id_refs}
    sent = [name for name, source in sources.items() if source is not None]
    if len(sent) != 1:
        problem = " and ".join(sent) + " were sent" if sent else "there is none"
        raise InvalidRequest(f"ImportFile takes one source, and {problem}. Send blobUrl or fileUrl.")
    destination: _Destination = {"session_id": session_id, "folder": folder}
    if blob_url is not None:
        return _from_blob(reach, blob_url, file_name, destination)
    if file_url is not None:
        return _from_url(reach, file_url, file_name, destination, "fileUrl")
    links = openai_file_id_refs or []
    if len(links) == 1:
        return _from_url(reach, links[0], file_name or next(iter(names), None), destination, "openaiFileIdRefs")
    if file_name is not None:
        raise InvalidRequest(
            f"There are {len(links)} files, and fileName is for one. Omit it to keep their names.", target="fileName"
        )
    return _from_chat(reach, links, [*names, *[None] * len(links)], destination)


class _Destination(TypedDict):
    session_id: str | None
    folder: str


def _from_blob(reach: Reach, url: str, file_name: str | None, destination: _Destination) -> Import:
    if "?" in url:
        raise InvalidRequest(
            "The blobUrl has a query, such as a signature, and the connector reads blobs with its own identity. Send "
            "the URL without the query, or a URL with a signature as fileUrl.",
            target="blobUrl",
        )
    container, blob_name = reach.storage.container_of(url)
    name = checked_name(blob_name.rpartition("/")[2] if file_name is None else file_name)
    source = BlobSource.of(container, container.get_blob(blob_name))
    return Import(begin_session_copy(reach.within_part(), source, file_name=name, **destination))


def _from_url(reach: Reach, url: str, file_name: str | None, destination: _Destination, target: str) -> Import | Files:
    reach.enter()
    deadline = reach.deadline.of(_FETCH_SECONDS)
    opened = reach.file_urls.open(url, deadline=deadline, first_bytes=transfer.PART_BYTES, target=target)
    with contextlib.ExitStack() as closing:
        closing.enter_context(opened)
        name = _checked(opened, file_name)
        if opened.size is None or not (opened.serves_ranges and opened.version.is_known):
            return import_stream(reach, opened, file_name=name, **destination)
        source = UrlSource(url, opened.version, opened.size, opened)
        begun = Import(begin_session_copy(reach.within_part(), source, file_name=name, **destination))
        closing.pop_all()
        return begun


def _from_chat(reach: Reach, links: list[str], names: Sequence[str | None], destination: _Destination) -> Files:
    """All of the files, or none."""
    reach.enter()
    with contextlib.ExitStack() as closing:
        files = []
        deadline = reach.deadline.of(_FETCH_SECONDS)
        for link, name in zip(links, names, strict=False):
            opened = closing.enter_context(
                reach.file_urls.open(link, deadline=deadline, first_bytes=LARGEST, target="openaiFileIdRefs")
            )
            files.append((_checked(opened, name), opened))
        return import_together(reach, files, **destination)


def _checked(opened: OpenFile, file_name: str | None) -> str:
    """The name to store the file under. Raises InvalidFileName, and SourceRefused for a page instead of a file."""
    name = checked_name(opened.name if file_name is None else file_name)
    if opened.is_page and not is_page_name(name):
        raise SourceRefused(
            "The host responded with a web page instead of the file, perhaps one to sign in. Send a URL that downloads "
            "the file itself."
        )
    return name
