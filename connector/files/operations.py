"""UploadFile, PutFile, ListFiles, GetFile, DownloadFile and DeleteFile."""

import base64
from collections import Counter
from dataclasses import replace
from typing import TypedDict

from ..content_types import content_type
from ..errors import FileNotFound, FileTooLarge, InvalidFileName, InvalidRequest
from ..in_session.tasks import remove_file
from ..models import File, FileBytes, FileList, FilePath, Files, FileWithContent
from ..session_pool.facts import PoolFacts
from ..session_pool.sessions import CallerSessions, SessionClient
from ..session_pool.wire import PoolFile
from . import pages
from .contents import decoded
from .finding import find_file
from .listing import files_below
from .names import (
    checked_destination,
    checked_name,
    is_hidden,
    is_known_to_pool,
    is_of_execution_record,
    joined,
    quoted,
    shown_folder,
)
from .reading import download_complete
from .sets import store_all
from .tasks import run_task

LARGEST_MESSAGE = 100_000_000
"""Bytes of a file in one response; as many as the body of a request may have."""

LARGEST_IN_JSON = LARGEST_MESSAGE // 4 * 3 - 10_000
"""Bytes of a file whose base64, with the other members, still fits into a message."""


class NewFile(TypedDict):
    """A member of `files` in UploadFile's body."""

    file_name: str
    file_content: str


def upload_file(
    sessions: CallerSessions, facts: PoolFacts, *, files: list[NewFile], session_id: str | None = None, folder: str = ""
) -> Files:
    """Checks all names and contents before it stores the first file. Empties each text of `files` once it is decoded.

    Raises InvalidFileName, InvalidFileContent, and the errors of `upload_contents`.
    """
    contents = []
    for index, file in enumerate(files):
        name = checked_name(file["file_name"], f"files[{index}].fileName")
        contents.append((name, decoded(file["file_content"], index, name)))
        file["file_content"] = ""  # a third more than the bytes; memory must not hold both
    return upload_contents(sessions, facts, contents=contents, session_id=session_id, folder=folder)


def upload_contents(
    sessions: CallerSessions,
    facts: PoolFacts,
    *,
    contents: list[tuple[str, bytes]],
    session_id: str | None = None,
    folder: str = "",
) -> Files:
    """Stores `(name, bytes)` pairs, all or none; without a session id, in a new session.

    The target of an error is the name of the file that could not be stored.
    """
    session = sessions.session(session_id) if session_id else None
    names = [checked_name(name, "fileName") for name, _ in contents]
    folder = checked_destination(folder, *names)
    _check_each_once(names)

    def store(session: SessionClient) -> Files:
        session = session.for_transfer(sum(len(content) for _, content in contents))
        stored = store_all(session, facts, folder, contents, may_replace=session_id is not None)
        return Files(session.id, [shown_file(file, folder) for file in stored])

    return store(session) if session else sessions.with_new_session(store)


def put_file(
    sessions: CallerSessions,
    facts: PoolFacts,
    *,
    file_name: str,
    content: bytes,
    session_id: str | None = None,
    folder: str = "",
) -> Files:
    """Stores one file."""
    return upload_contents(sessions, facts, contents=[(file_name, content)], session_id=session_id, folder=folder)


def list_files(session: SessionClient, facts: PoolFacts, *, folder: str = "", recursive: bool = False) -> list[File]:
    """Sorted by folder, then by name. A folder that does not exist has no files. The connector's own folders are
    listed only on request. Raises SessionBusy in an older version, for a folder that the pool does not list.
    """
    found = files_below(session, facts, folder, recursive=recursive)
    listed = [shown_file(file, "") for file in found if not is_of_execution_record(file.directory, file.name)]
    return sorted(
        (file for file in listed if folder or not is_hidden(file.folder)),
        key=lambda file: (file.folder, file.file_name),
    )


def list_page(
    session: SessionClient,
    facts: PoolFacts,
    *,
    folder: str = "",
    recursive: bool = False,
    max_items: int = pages.DEFAULT_ITEMS,
    continuation_token: str | None = None,
) -> FileList:
    """The first files of the list, or those after the page that returned the token. Raises InvalidRequest for another
    token.
    """
    listing = pages.Listing(folder, recursive)
    after = None if continuation_token is None else listing.position(continuation_token)
    files, more = pages.page(list_files(session, facts, folder=folder, recursive=recursive), after, max_items)
    return FileList(session.id, files, listing.token(files[-1]) if more else None)


def get_file(session: SessionClient, facts: PoolFacts, path: FilePath) -> FileWithContent:
    """Raises FileNotFound, and FileTooLarge before the file is read."""
    path, file = find_headers(session, facts, path)
    if file.size > LARGEST_IN_JSON:
        raise FileTooLarge(
            f"The file has {file.size:,} bytes, and base64 in JSON carries {LARGEST_IN_JSON:,} at most. Use "
            "DownloadFile, which sends the bytes as they are.",
            target="fileName",
        )
    content = download_complete(session.for_transfer(file.size), facts, path, file)
    return FileWithContent(
        session.id,
        path.name,
        shown_folder(path.folder),
        size=len(content),
        content_type=file.content_type,
        file_content=base64.b64encode(content).decode(),
        last_modified_time=file.last_modified_time,
    )


def find_headers(session: SessionClient, facts: PoolFacts, path: FilePath) -> tuple[FilePath, FileBytes]:
    """The path of the file that the caller means, and its size, type and time, without its content. Raises
    FileNotFound.
    """
    path, file = find_file(session, facts, path)
    return path, FileBytes(path.name, content_type(path.name), file.size, None, file.modified)


def download_file(session: SessionClient, facts: PoolFacts, path: FilePath, file: FileBytes) -> FileBytes:
    """The complete file, whose path and headers have been found. Raises FileNotFound, and FileTooLarge before the file
    is read.
    """
    if file.size > LARGEST_MESSAGE:
        raise FileTooLarge(
            f"The file has {file.size:,} bytes, and a response carries {LARGEST_MESSAGE:,} at most. Request one range "
            "at a time with a header like Range: bytes=0-33554431, or compress the file in the session.",
            target="fileName",
        )
    content = download_complete(session.for_transfer(file.size), facts, path, file)
    if len(content) != file.size:  # it has changed since: its time does not belong to these bytes
        return replace(file, size=len(content), content=content, last_modified_time=None)
    return replace(file, content=content)


def delete_file(session: SessionClient, facts: PoolFacts, path: FilePath) -> None:
    """Raises FileNotFound, and SessionBusy for a file that the pool does not take."""
    if is_known_to_pool(path):
        try:
            session.delete_file(path)
            return
        except FileNotFound:
            if str(path).isascii():
                raise
        except InvalidFileName:  # this pool takes fewer names
            pass
    found, _ = find_file(session, facts, path)
    if found != path and is_known_to_pool(found):
        session.delete_file(found)
        return
    failure = "The session could not delete the file. Try again, or delete it with code."
    run_task(session, facts, remove_file.perform, remove_file.Arguments(path=str(found)), failure=failure)


def shown_file(file: PoolFile, folder: str) -> File:
    """A file of the folder, as callers know it."""
    return File(
        file.name,
        folder=shown_folder(joined(folder, file.directory)),
        size=file.size,
        content_type=content_type(file.name),
        last_modified_time=file.modified,
    )


def _check_each_once(names: list[str]) -> None:
    """Of two files with the same name, only the last would remain."""
    for name, count in Counter(names).items():
        if count > 1:
            raise InvalidRequest(f"Duplicate file {quoted(name)}. Send each name once.", target=name[:100])
