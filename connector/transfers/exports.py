"""ExportFile: a file of a session as a blob of the connector's own container."""

import contextlib
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from ..errors import BlobExists, BlobNotFound, InvalidRequest
from ..files.names import checked_path, quoted, shown_folder
from ..models import ExportedFile, TransferProgress
from ..storage.addresses import check_blob_name
from ..storage.storage import EXPORTS
from .to_blob import BlobCopy, begin_blob_copy
from .transfer import Reach


@dataclass(frozen=True)
class Export:
    """A Transfer whose result is an ExportedFile."""

    kind: ClassVar[str] = "export"

    copy: BlobCopy

    @property
    def session_id(self) -> str:
        return self.copy.session_id

    def to_json(self) -> dict[str, Any]:
        return self.copy.to_json()

    @classmethod
    def from_json(cls, members: dict[str, Any]) -> "Export":
        return cls(BlobCopy.from_json(members))

    def advance(self, reach: Reach, until: float) -> TransferProgress | ExportedFile:
        copied = self.copy.advance(reach, until)
        if isinstance(copied, TransferProgress):
            return copied
        return ExportedFile(
            self.session_id,
            self.copy.file_name,
            shown_folder(self.copy.folder),
            size=copied.size,
            content_type=self.copy.content_type,
            blob_url=reach.storage.require_files().blob_url(copied.name),
            blob_name=copied.name,
            e_tag=copied.etag,
        )

    def cancel(self, reach: Reach) -> None:
        self.copy.cancel(reach)


def begin_export(
    reach: Reach,
    *,
    session_id: str,
    file_name: str,
    folder: str = "",
    blob_name: str | None = None,
    if_exists: Literal["fail", "replace"] = "fail",
) -> Export:
    """Starts no session. `blob_name` may have folders; `exports/` before them is added where it is missing.

    Raises BlobExists, StorageNotConfigured, SessionNotFound, FileNotFound, and InvalidRequest for a name that blobs
    cannot have.
    """
    reach.storage.require_files()
    path = checked_path(file_name, folder)
    name = exported_name(path.name if blob_name is None else blob_name)
    copy = begin_blob_copy(reach, session_id=session_id, path=path, blob_name=name, must_be_absent=if_exists == "fail")
    if if_exists == "fail":
        _check_absent(reach, name)
    return Export(copy)


def exported_name(name: str) -> str:
    """The name of the blob. Raises InvalidRequest for a path that is not plain, and for what blobs cannot have."""
    below = name.removeprefix(EXPORTS)
    if "\\" in below or not all(below.split("/")):
        raise InvalidRequest(
            f"The blob name {quoted(name)} is not a plain path. Separate folders with single slashes, without one at "
            "the beginning or the end, as in reports/2026/sales.csv.",
            target="blobName",
        )
    return check_blob_name(f"{EXPORTS}{below}", "blobName")


def _check_absent(reach: Reach, name: str) -> None:
    with contextlib.suppress(BlobNotFound):
        reach.storage.require_files().get_blob(name)
        raise BlobExists(
            f"There is a blob {quoted(name)} already. Choose another blobName, or send ifExists as replace.",
            target="blobName",
        )
