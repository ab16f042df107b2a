"""Chunked uploads: begun by PutFile, then PatchUpload for each chunk, GetUpload, and CancelUpload.

Each chunk is stored in the session as a file of its own, which a task appends to those before it. The state of an
upload is in the session, and in the address that its caller has: any instance of the app can take any chunk. The file
that the upload replaces stays until the last byte has been received.

A task that the connector has stopped waiting for may still be performed. So when its caller gets an error, its input is
withdrawn: a chunk is deleted, and a new upload is marked as abandoned and removed.
"""

import contextlib
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from ..errors import (
    ConnectorError,
    FileNotFound,
    FileTooLarge,
    InvalidFileName,
    PoolTimeout,
    PoolUnavailable,
    RangeNotSatisfiable,
    SessionBusy,
    UploadNotFound,
)
from ..in_session.protocol import TRANSFERS_FOLDER
from ..in_session.tasks import append_chunk, remove_upload
from ..in_session.tasks import begin_upload as begin_upload_task
from ..models import FilePath, Files
from ..session_pool.facts import PoolFacts
from ..session_pool.sessions import CallerSessions, SessionClient
from ..session_pool.wire import PoolFile
from .destinations import path_taken
from .finding import find_file
from .names import checked_destination, checked_name
from .operations import shown_file
from .tasks import may_be_performed, run_task

CHUNK_BYTES = 32 << 20
"""The requested size of a chunk: an instance holds it in memory."""

LIFETIME_SECONDS = 6 * 3600
"""Of an upload's address, and of an upload without new chunks. Most sessions end long before."""

_FAILURE = "The session could not store this. Try again; if it fails again, use another folder or session."


@dataclass(frozen=True)
class Upload:
    """`size` is that of the complete file in bytes."""

    path: FilePath
    size: int
    upload_id: str

    @property
    def folder(self) -> str:
        """The upload's own folder in the session."""
        return f"{TRANSFERS_FOLDER}/{self.upload_id}"

    def own(self, name: str) -> FilePath:
        """A file in that folder."""
        return FilePath(self.folder, name)

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
    """`received` bytes are stored, from the first one on. `files` has the file once it is complete."""

    received: int
    files: Files


def begin_upload(
    sessions: CallerSessions,
    facts: PoolFacts,
    *,
    file_name: str,
    size: int,
    session_id: str | None = None,
    folder: str = "",
) -> tuple[SessionClient, Upload, Progress]:
    """Without a session id, in a new session.

    Raises SessionBusy, InvalidFileName, and FileTooLarge when the session has no room for `size` bytes.
    """
    session = sessions.session(session_id) if session_id else None
    path = FilePath(checked_destination(folder, checked_name(file_name)), file_name)

    def begin(session: SessionClient) -> tuple[SessionClient, Upload, Progress]:
        return session, *_begin(session, facts, Upload(path, size, secrets.token_hex(16)))

    return begin(session) if session else sessions.with_new_session(begin)


def begin_own_upload(session: SessionClient, facts: PoolFacts, *, name: str, size: int) -> tuple[Upload, Progress]:
    """For a file of the connector's own, in the upload's folder. It is deleted together with the upload, and so is what
    else the connector puts there. Raises SessionBusy, and FileTooLarge.
    """
    upload_id = secrets.token_hex(16)
    path = FilePath(f"{TRANSFERS_FOLDER}/{upload_id}", name)
    return _begin(session, facts, Upload(path, size, upload_id))


def _begin(session: SessionClient, facts: PoolFacts, upload: Upload) -> tuple[Upload, Progress]:
    with _removed_on_failure(session, facts, upload):
        _create(session.with_reserve(), facts, upload)
        if upload.size:
            return upload, Progress(0, Files(session.id, []))
        try:
            return upload, put_chunk(session.with_reserve(), facts, upload, first=0, content=b"")
        except (UploadNotFound, RangeNotSatisfiable):
            raise PoolUnavailable(
                "The session's code removed the upload before the file was stored. Send it again.",
                retry_after_seconds=1,
            ) from None


def _create(session: SessionClient, facts: PoolFacts, upload: Upload) -> None:
    arguments = begin_upload_task.Arguments(
        transfers_folder=TRANSFERS_FOLDER,
        upload_id=upload.upload_id,
        path=str(upload.path),
        size=upload.size,
        lifetime_seconds=LIFETIME_SECONDS,
    )
    try:
        result = run_task(session, facts, begin_upload_task.perform, arguments, failure=_FAILURE)
    except PoolUnavailable as failure:
        if not may_be_performed(failure):
            raise
        try:
            session.get_file(upload.own("partial"))
        except ConnectorError:
            raise failure from failure.__cause__
        return  # only the response was lost
    if not result["is_free"]:
        raise path_taken(upload.path.name)
    if result["room"] < upload.size:
        raise _too_large(upload, f"the session has room for {result['room']:,}")


def put_chunk(session: SessionClient, facts: PoolFacts, upload: Upload, *, first: int, content: bytes) -> Progress:
    """Stores the bytes of the file from `first` on. Those that were received before are compared, unless the file is
    complete.

    Raises UploadNotFound; RangeNotSatisfiable, with a header Range, when the bytes do not follow those that were
    received or differ from them; FileTooLarge; SessionBusy; and InvalidFileName when the file's path is taken.
    """
    session = session.for_transfer(len(content))
    before = get_upload(session, facts, upload)
    if before.files.files:
        return before
    if first > before.received:
        raise _does_not_follow(before.received)
    last = first + len(content) - 1
    chunk = f"chunk-{first}-{last}-{secrets.token_hex(4)}"  # the same chunk may be sent twice at once
    arguments = append_chunk.Arguments(
        upload_folder=upload.folder,
        chunk=chunk,
        first=first,
        last=last,
        size=upload.size,
        folder=upload.path.folder,
        name=upload.path.name,
    )
    is_left = True
    try:
        session.with_reserve().upload_file(upload.own(chunk), content)
        result = run_task(session, facts, append_chunk.perform, arguments, failure=_FAILURE)
        is_left = result["state"] in ("different_bytes", "chunk_missing")
    except InvalidFileName as refusal:  # the caller has not chosen this name: the folder is being removed
        raise _chunk_missing() from refusal.__cause__
    finally:
        if is_left:  # the caller sends all of it again; a task that is performed late finds nothing
            with contextlib.suppress(ConnectorError):
                session.delete_file(upload.own(chunk))
    received = result["received"]
    match result["state"]:
        case "appended":
            return Progress(received, Files(session.id, []))
        case "complete":
            return _complete(session, facts, upload)
        case "not_found":
            raise _upload_not_found()
        case "gap":
            raise _does_not_follow(received)
        case "different_bytes":
            raise _does_not_follow(received, "Some of these bytes differ from those that were received before.")
        case "no_room":
            raise _too_large(upload, f"the session has room for {received:,}")
        case "path_taken":
            raise path_taken(upload.path.name)
        case "chunk_missing":
            raise _chunk_missing()


def get_upload(session: SessionClient, facts: PoolFacts, upload: Upload) -> Progress:
    """Also while the session runs code. Raises UploadNotFound."""
    if not session.exists():
        raise _upload_not_found()
    with contextlib.suppress(FileNotFound):
        partial = session.get_file(upload.own("partial"))
        return Progress(partial.size, Files(session.id, []))
    try:
        session.get_file(upload.own("complete"))
    except FileNotFound:
        raise _upload_not_found() from None
    return _complete(session, facts, upload)


def cancel_upload(session: SessionClient, facts: PoolFacts, upload: Upload) -> None:
    """Deletes what was received, but not a file that is complete. Raises UploadNotFound."""
    get_upload(session, facts, upload)
    for file in session.list_files(upload.folder, recursive=False):
        with contextlib.suppress(FileNotFound):
            session.delete_file(upload.own(file.name))


@contextlib.contextmanager
def _removed_on_failure(session: SessionClient, facts: PoolFacts, upload: Upload) -> Iterator[None]:
    """Removes an upload whose caller gets an error instead of its address.

    A task that is performed late checks for the mark after it has created the upload, and this creates the mark before
    it deletes the upload: whichever comes last removes it. In a session that is not busy, another task removes the mark
    too.
    """
    try:
        yield
    except (SessionBusy, PoolUnavailable, PoolTimeout) as failure:
        with contextlib.suppress(ConnectorError):
            if may_be_performed(failure):
                session.upload_file(upload.own("abandoned"), b"")
            with contextlib.suppress(FileNotFound):
                session.delete_file(upload.own("partial"))
            if not isinstance(failure, SessionBusy):
                removal = remove_upload.Arguments(upload_folder=upload.folder)
                run_task(session, facts, remove_upload.perform, removal, failure=_FAILURE)
        raise


def _complete(session: SessionClient, facts: PoolFacts, upload: Upload) -> Progress:
    try:
        _, file = find_file(session, facts, upload.path)
        file = replace(file, name=upload.path.name, directory="")
    except (FileNotFound, SessionBusy):  # code has moved it already, or is running where a task has to look for it
        file = PoolFile(upload.path.name, "", upload.size, None)
    return Progress(upload.size, Files(session.id, [shown_file(file, upload.path.folder)]))


def received_range(received: int) -> dict[str, str]:
    """The header Range for the bytes that were received; empty if there are none."""
    return {"Range": f"bytes=0-{received - 1}"} if received else {}


def _does_not_follow(received: int, problem: str = "Bytes before these are missing.") -> RangeNotSatisfiable:
    return RangeNotSatisfiable(
        f"{problem} {received:,} bytes were received: continue with byte {received}, counted from 0.",
        target="Content-Range",
        headers=received_range(received),
    )


def _too_large(upload: Upload, problem: str) -> FileTooLarge:
    return FileTooLarge(
        f"The file has {upload.size:,} bytes, and {problem}. Compress the file, delete files that are not needed, or "
        "use another session.",
        target="fileName",
    )


def _chunk_missing() -> PoolUnavailable:
    return PoolUnavailable("The chunk did not arrive in the session. Send it again.", retry_after_seconds=1)


def _upload_not_found() -> UploadNotFound:
    return UploadNotFound(
        "The upload does not exist: it was canceled, nothing was sent to it for some hours, or its session has ended. "
        "Begin it again with PutFile."
    )
