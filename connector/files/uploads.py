"""Files that come in parts: begun by PutFile, then PatchUpload for each part, GetUpload, and CancelUpload.

Each part goes into the session as a file of its own, where a task puts it behind those before it and removes it. All
that is known of an upload is in the session and in the address that its caller has, so that any instance of the app can
take any part. The file's old version stays until the last byte is there.

A task that its caller no longer waits for may still be done. So what its caller was not told is taken away from it: a
part is removed, and a beginning is marked as given up.
"""

import contextlib
import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from ..errors import (
    ConnectorError,
    FileNotFound,
    FileTooLarge,
    InvalidFileName,
    PoolUnavailable,
    RangeNotSatisfiable,
    SessionBusy,
    UploadNotFound,
)
from ..executions.calls import Runs
from ..in_session.tasks import append_chunk
from ..in_session.tasks import begin_upload as make_room
from ..models import FilePath, Files
from ..session_pool.sessions import CallerSessions, SessionClient
from ..session_pool.wire import PoolFile
from .names import TRANSFERS, checked_destination, checked_name
from .operations import found_file, shown_file
from .places import not_free
from .tasks import perform

PART_BYTES = 32 << 20
"""That a caller is asked to send at a time: an instance holds it in memory."""

LIFETIME_SECONDS = 6 * 3600
"""Of an address, and of what nobody has sent anything to. Most sessions end long before."""


@dataclass(frozen=True)
class Upload:
    """What the address of an upload stands for. `size` is that of the whole file in bytes."""

    path: FilePath
    size: int
    upload_id: str

    @property
    def place(self) -> str:
        """Its folder in the session."""
        return f"{TRANSFERS}/{self.upload_id}"

    def own(self, name: str) -> FilePath:
        """A file in that."""
        return FilePath(self.place, name)

    def to_json(self) -> dict[str, Any]:
        return {
            "folder": self.path.folder,
            "file_name": self.path.name,
            "size": self.size,
            "upload_id": self.upload_id,
        }

    @classmethod
    def from_json(cls, members: dict[str, Any]) -> "Upload":
        return cls(FilePath(members["folder"], members["file_name"]), members["size"], members["upload_id"])


@dataclass(frozen=True)
class Progress:
    """`received` bytes are there, from the first on. `files` has the file once it is complete."""

    received: int
    files: Files


def begin_upload(
    sessions: CallerSessions,
    runs: Runs,
    *,
    file_name: str,
    size: int,
    session_id: str | None = None,
    folder: str = "",
) -> tuple[SessionClient, Upload, Progress]:
    """Raises SessionBusy, InvalidFileName, and FileTooLarge when the session has no room for `size` bytes."""
    session = sessions.session(session_id) if session_id else sessions.new_session()
    path = FilePath(checked_destination(folder, checked_name(file_name)), file_name)
    upload = Upload(path, size, secrets.token_hex(16))
    arguments = {
        "transfers": TRANSFERS,
        "upload": upload.upload_id,
        "place": str(path),
        "size": size,
        "lifetime": LIFETIME_SECONDS,
    }
    with _given_up_on_failure(session, upload):
        told = _performed(session, runs, upload, make_room.perform, arguments)
    if not told["isFree"]:
        raise not_free(path.name)
    if told["room"] < size:
        raise _too_large(upload, f"The session has room for {told['room']:,} bytes.")
    if size:
        return session, upload, Progress(0, Files(session.id, []))
    with _given_up_on_failure(session, upload):
        return session, upload, put_part(session, runs, upload, first=0, content=b"")


def put_part(session: SessionClient, runs: Runs, upload: Upload, *, first: int, content: bytes) -> Progress:
    """Takes the bytes of the file from `first` on. Those that are there already are compared, unless it is complete.

    Raises UploadNotFound; RangeNotSatisfiable, whose header Range tells what is there, when the bytes do not follow it
    or differ from it; FileTooLarge; SessionBusy; and InvalidFileName when the file cannot go to its place.
    """
    before = get_upload(session, upload)
    if before.files.files:
        return before
    if first > before.received:
        raise _does_not_follow(before.received)
    last = first + len(content) - 1
    part = f"part-{first}-{last}-{secrets.token_hex(4)}"  # the same part may come twice at a time
    arguments = {
        "upload": upload.place,
        "part": part,
        "first": first,
        "last": last,
        "size": upload.size,
        "folder": upload.path.folder,
        "name": upload.path.name,
    }
    try:
        session.upload_file(upload.own(part), content)
    except InvalidFileName as refusal:  # these names are not the caller's: the folder is being removed
        raise _not_arrived() from refusal.__cause__
    is_left = True
    try:
        told = _performed(session, runs, upload, append_chunk.perform, arguments)
        is_left = told["state"] in ("other bytes", "no part")
    finally:
        if is_left:  # the caller sends all of it again; a task that comes late finds nothing to do
            with contextlib.suppress(ConnectorError):
                session.delete_file(upload.own(part))
    match told["state"]:
        case "ok":
            return Progress(told["received"], Files(session.id, []))
        case "complete":
            return _complete(session, upload)
        case "gone":
            raise _no_upload()
        case "gap":
            raise _does_not_follow(told["received"])
        case "other bytes":
            raise _does_not_follow(told["received"], "Some of these bytes are there already, and are others.")
        case "full":
            raise _too_large(upload, f"The session has no room beyond the {told['received']:,} bytes that are there.")
        case "folder":
            raise not_free(upload.path.name)
    raise _not_arrived()


def get_upload(session: SessionClient, upload: Upload) -> Progress:
    """How far it is, also while the session runs code. Raises UploadNotFound."""
    if not session.exists():
        raise _no_upload()
    with contextlib.suppress(FileNotFound):
        partial = session.get_file(upload.own("partial"))
        return Progress(partial.size, Files(session.id, []))
    try:
        session.get_file(upload.own("complete"))
    except FileNotFound:
        raise _no_upload() from None
    return _complete(session, upload)


def cancel_upload(session: SessionClient, upload: Upload) -> None:
    """Removes what is there. A file that is complete stays. Raises UploadNotFound."""
    get_upload(session, upload)
    for file in session.list_files(upload.place, recursive=False):
        with contextlib.suppress(FileNotFound):
            session.delete_file(upload.own(file.name))


def _performed(
    session: SessionClient,
    runs: Runs,
    upload: Upload,
    task: Callable[[dict[str, Any]], dict[str, Any]],
    arguments: dict[str, Any],
) -> dict[str, Any]:
    failure = "The session could not store this. Try again; if it fails again, use another folder or session."
    told: dict[str, Any] = perform(session, runs, task, arguments, failure=failure)
    return told


@contextlib.contextmanager
def _given_up_on_failure(session: SessionClient, upload: Upload) -> Iterator[None]:
    """The caller gets no address. The task looks for the mark after it has made the upload, and this for the upload
    after it has made the mark: whichever comes last takes it away.
    """
    try:
        yield
    except (SessionBusy, PoolUnavailable):
        with contextlib.suppress(ConnectorError):
            session.upload_file(upload.own("given-up"), b"")
            session.delete_file(upload.own("partial"))
        raise


def _complete(session: SessionClient, upload: Upload) -> Progress:
    try:
        file = found_file(session, upload.path)
    except FileNotFound:  # code has moved it already
        file = PoolFile(upload.path.name, "", upload.size, None)
    return Progress(upload.size, Files(session.id, [shown_file(file, upload.path.folder)]))


def _does_not_follow(received: int, why: str = "There are bytes missing before these.") -> RangeNotSatisfiable:
    return RangeNotSatisfiable(
        f"{why} {received:,} bytes are there: go on with the one at {received}, counted from 0.",
        target="Content-Range",
        headers=received_range(received),
    )


def received_range(received: int) -> dict[str, str]:
    """The header that tells what is there; without one, nothing is."""
    return {"Range": f"bytes=0-{received - 1}"} if received else {}


def _too_large(upload: Upload, why: str) -> FileTooLarge:
    return FileTooLarge(
        f"The file has {upload.size:,} bytes. {why} Compress it, delete files that are not needed, or use another "
        "session.",
        target="fileName",
    )


def _not_arrived() -> PoolUnavailable:
    return PoolUnavailable("The part did not arrive in the session. Send it again.", retry_after_seconds=1)


def _no_upload() -> UploadNotFound:
    return UploadNotFound(
        "There is no such upload: it was given up, nothing was sent for some hours, or its session has ended. Begin it "
        "again with PutFile."
    )
