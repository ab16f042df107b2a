"""Links to blobs that files were copied to, which outlive their sessions.

The token of such a link has the blob and its ETag, so that it serves this version or nothing. It ends by its time, with
the SIGNING_KEY, and when somebody who administers the storage deletes the blob.
"""

import contextlib
import re
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

from ..callers.signed_tokens import Tokens
from ..errors import BlobArchived, BlobChanged, BlobExists, BlobNotFound
from ..files.names import checked_path, shown_folder
from ..models import FileBytes, SharedFile, TransferProgress
from ..outbound.deadlines import Deadlines
from ..storage.containers import Blob, Container
from ..storage.storage import SHARED, Storage, own_name
from ..transfers.to_blob import BlobCopy, begin_blob_copy
from ..transfers.transfer import Reach
from .addresses import link_not_found, link_url

_LONGEST_REDIRECT_SECONDS = 3600
_LONGEST_NAME = 100
"""Characters of a file's name in the name of its blob; people read it there, and the link has the complete one."""

_LONGEST_SAVED_NAME_BYTES = 180
"""In a signed URL, where a byte may take nine characters."""

_NOT_PLAIN = re.compile(r"[^A-Za-z0-9 ._()-]")
_HARMLESS = re.compile(
    r"(text/(csv|plain)|image/(png|jpeg|gif|webp)|application/(pdf|json|zip|vnd\.openxmlformats-officedocument\..+))"
)
"""Types that cannot be a page with scripts, which storage may name. It has no header against guessing the type."""


@dataclass(frozen=True)
class StoredFile:
    """A file of a session, and the blob that is its copy. Links to it end when it `expires`."""

    session_id: str
    file_name: str
    folder: str
    content_type: str
    blob: Blob
    expires: datetime

    def url(self, tokens: Tokens | None, base_url: str, caller: str | None, *, is_streamed: bool = False) -> str:
        """With `is_streamed`, opening it never redirects. Raises InternalError without `tokens`."""
        address = {
            "caller": caller,
            "file_name": self.file_name,
            "blob": self.blob.name,
            "etag": self.blob.etag,
            "content_type": self.content_type,
            "is_streamed": is_streamed,
        }
        return link_url(tokens, base_url, address, self.expires)

    def shared_file(self, tokens: Tokens | None, base_url: str, caller: str | None) -> SharedFile:
        return SharedFile(
            self.session_id,
            self.file_name,
            shown_folder(self.folder),
            size=self.blob.size,
            content_type=self.content_type,
            file_url=self.url(tokens, base_url, caller),
            expiration_time=self.expires,
            is_durable=True,
        )


@dataclass(frozen=True)
class Share:
    """A Transfer whose result is a StoredFile."""

    kind: ClassVar[str] = "share"

    copy: BlobCopy
    lifetime_seconds: int

    @property
    def session_id(self) -> str:
        return self.copy.session_id

    def to_json(self) -> dict[str, Any]:
        return {"copy": self.copy.to_json(), "lifetime_seconds": self.lifetime_seconds}

    @classmethod
    def from_json(cls, members: dict[str, Any]) -> "Share":
        return cls(BlobCopy.from_json(members["copy"]), members["lifetime_seconds"])

    def advance(self, reach: Reach, until: float) -> TransferProgress | StoredFile:
        copied = self.copy.advance(reach, until)
        if isinstance(copied, TransferProgress):
            return copied
        copy = self.copy
        # Not from now: a poll may be repeated.
        expires = copied.last_modified.replace(microsecond=0) + timedelta(seconds=self.lifetime_seconds)
        return StoredFile(copy.session_id, copy.file_name, copy.folder, copy.content_type, copied, expires)

    def cancel(self, reach: Reach) -> None:
        self.copy.cancel(reach)


def begin_share(reach: Reach, *, session_id: str, file_name: str, folder: str = "", lifetime_seconds: int) -> Share:
    """Starts no session. Raises StorageNotConfigured, SessionNotFound and FileNotFound."""
    path = checked_path(file_name, folder)
    name = shared_blob_name(reach.sessions.caller, secrets.token_hex(16), path.name)
    copy = begin_blob_copy(reach, session_id=session_id, path=path, blob_name=name, must_be_absent=True)
    return Share(copy, lifetime_seconds)


def shared_blob_name(caller: str | None, unique: str, file_name: str) -> str:
    """`unique` tells the copies of one caller apart."""
    return own_name(SHARED, caller, f"{unique}/{_plain_name(file_name)}")


@dataclass(frozen=True)
class LinkedBlob:
    """The blob of a link that still works. `file` has its headers."""

    container: Container
    name: str
    etag: str
    expires: float
    is_streamed: bool
    file: FileBytes

    def read(self, first: int, last: int) -> bytes:
        """The bytes from `first` to `last`. Raises LinkNotFound."""
        if last < first:
            return b""
        deadlines = Deadlines()
        container = self.container.with_deadline(deadlines.of_transfer(deadlines.of_operation(), last + 1 - first))
        with _link_not_found_without_blob():
            return container.read_range(self.name, first, last, etag=self.etag)

    def signed_url(self) -> str:
        """A URL of the storage itself, for as long as the link works, an hour at most."""
        left = self.expires - datetime.now(UTC).timestamp()
        content_type = self.file.content_type
        with _link_not_found_without_blob():
            return self.container.signed_url(
                self.name,
                lifetime_seconds=max(1.0, min(left, _LONGEST_REDIRECT_SECONDS)),
                file_name=_saved_name(self.file.file_name),
                content_type=content_type if _HARMLESS.fullmatch(content_type) else "application/octet-stream",
            )


def is_stored(address: dict[str, Any]) -> bool:
    """Whether a link with this address is to a blob."""
    return "blob" in address


def find_linked_blob(storage: Storage, address: dict[str, Any]) -> LinkedBlob:
    """Calls no session pool. Raises LinkNotFound, and the errors of storage where it is unknown whether the blob
    exists.
    """
    container = storage.files
    if container is None:
        raise link_not_found()
    with _link_not_found_without_blob():
        blob = container.get_blob(address["blob"])
    if blob.etag != address["etag"]:
        raise link_not_found()
    file = FileBytes(address["file_name"], address["content_type"], blob.size, None, blob.last_modified, blob.etag)
    return LinkedBlob(container, blob.name, blob.etag, address["expires"], address["is_streamed"], file)


@contextlib.contextmanager
def _link_not_found_without_blob() -> Iterator[None]:
    """Raises LinkNotFound instead of the errors of a blob that is not what it was, whatever became of it."""
    try:
        yield
    except (BlobArchived, BlobChanged, BlobExists, BlobNotFound):
        raise link_not_found() from None


def _plain_name(name: str) -> str:
    """Without what a blob's name cannot have, or what makes its URL long."""
    plain = _NOT_PLAIN.sub("_", name)
    if len(plain) > _LONGEST_NAME:
        stem, dot, suffix = plain.rpartition(".")
        end = f"{dot}{suffix}"[-20:] if stem else ""
        plain = plain[: _LONGEST_NAME - len(end)] + end
    return f"{plain}_" if plain.endswith((".", " ")) else plain


def _saved_name(name: str) -> str:
    """The name under which browsers save the file: without half surrogates, and shortened before its extension."""
    valid = name.encode("utf-8", "replace").decode()
    if len(valid.encode()) <= _LONGEST_SAVED_NAME_BYTES:
        return valid
    stem, dot, suffix = valid.rpartition(".")
    end = f"{dot}{suffix}" if stem and len(suffix.encode()) <= 20 else ""
    room = _LONGEST_SAVED_NAME_BYTES - len(end.encode())
    return valid.encode()[:room].decode(errors="ignore") + end
