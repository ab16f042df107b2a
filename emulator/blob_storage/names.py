"""What an address names: the account, a container or a blob. Names are decoded once, and never become paths of files.

Source: "Naming and referencing containers, blobs, and metadata" in the REST reference.
"""

import re
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

from .errors import StorageError

ACCOUNT = "devstoreaccount1"
"""The name that emulators of Azure Storage share."""

_CONTAINER = re.compile(r"[a-z0-9](?:-?[a-z0-9])*")
_MAX_NAME = 1024
_MAX_SEGMENTS = 254
_BROKEN_ESCAPE = re.compile(rb"%(?![0-9A-Fa-f]{2})")


@dataclass(frozen=True)
class Place:
    """`container` and `blob` are "" above them."""

    container: str = ""
    blob: str = ""

    @property
    def resource(self) -> str:
        """The canonicalized resource of signatures, whose names are not encoded."""
        return "/".join(filter(None, (f"/blob/{ACCOUNT}", self.container, self.blob)))


def place_of(raw_path: bytes) -> Place:
    """Raises StorageError."""
    if _BROKEN_ESCAPE.search(raw_path):
        raise StorageError("InvalidUri")
    account, _, rest = raw_path.removeprefix(b"/").partition(b"/")
    if account != ACCOUNT.encode():
        raise StorageError("ResourceNotFound")
    container, _, blob = rest.partition(b"/")
    if not container:
        if blob:
            raise StorageError("InvalidUri")
        return Place()
    return Place(container_name(_decoded(container)), blob_name(_decoded(blob)) if blob else "")


def container_name(name: str) -> str:
    """The name. Raises StorageError."""
    if not 3 <= len(name) <= 63:
        raise StorageError("OutOfRangeInput")
    if not _CONTAINER.fullmatch(name):
        raise StorageError("InvalidResourceName")
    return name


def blob_name(name: str) -> str:
    """The name. Raises StorageError.

    The service's front end resolves `.` and `..`, takes a backslash for a slash and refuses control characters. Here
    all are refused: a client whose names depend on that has a fault.
    """
    segments = name.split("/")
    if any(segment in (".", "..") for segment in segments) or "\\" in name:
        raise StorageError("InvalidUri")
    if any(character < " " or "\x7f" <= character <= "\x9f" for character in name):
        raise StorageError("InvalidUri")
    if len(name) > _MAX_NAME or len(segments) > _MAX_SEGMENTS:
        raise StorageError("OutOfRangeInput")
    return name


def _decoded(raw: bytes) -> str:
    try:
        return unquote_to_bytes(raw).decode()
    except UnicodeDecodeError:
        raise StorageError("InvalidUri") from None
