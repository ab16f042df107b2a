"""UploadFile, PutFile, ListFiles, GetFile, DownloadFile and DeleteFile."""

import base64
import binascii
import re
from dataclasses import replace
from typing import TypedDict
from urllib.parse import unquote_to_bytes

from ..errors import FileTooLarge, InvalidFileContent, InvalidRequest
from ..executions.calls import Runs
from ..in_session.tasks import remove_file
from ..models import File, FileBytes, FilePath, Files, FileWithContent
from ..session_pool.errors import file_not_found
from ..session_pool.sessions import CallerSessions, SessionClient
from ..session_pool.wire import PoolFile
from .names import (
    checked_destination,
    checked_name,
    content_type,
    is_hidden,
    is_kept_of_run,
    is_known_to_pool,
    joined,
    shown_folder,
)
from .reading import download_whole
from .sets import store_all
from .tasks import perform

LARGEST_MESSAGE = 100_000_000
"""Bytes of a file that one answer carries; as many as a request's body may have."""

_LARGEST_IN_JSON = LARGEST_MESSAGE // 4 * 3 - 10_000
"""Its base64, and what stands beside that, still fit into a message."""

_DATA_URI = re.compile(r"data:[^,]*?(?P<base64>;base64)?,", re.IGNORECASE)


class NewFile(TypedDict):
    """A member of `files` in UploadFile's body."""

    file_name: str
    file_content: str


def upload_file(
    sessions: CallerSessions, runs: Runs, *, files: list[NewFile], session_id: str | None = None, folder: str = ""
) -> Files:
    """Checks all names and contents before it stores the first file. Takes each text out of `files` once it is read."""
    contents = []
    for index, file in enumerate(files):
        name = checked_name(file["file_name"], f"files[{index}].fileName")
        contents.append((name, _decoded(file["file_content"], index)))
        file["file_content"] = ""  # a third more than the bytes; they need not both be there
    return upload_contents(sessions, runs, contents=contents, session_id=session_id, folder=folder)


def upload_contents(
    sessions: CallerSessions,
    runs: Runs,
    *,
    contents: list[tuple[str, bytes]],
    session_id: str | None = None,
    folder: str = "",
) -> Files:
    """Stores `(name, bytes)` pairs: all of them, or none. The error names the one that could not be stored."""
    session = sessions.session(session_id) if session_id else sessions.new_session()
    folder = checked_destination(folder, *(name for name, _ in contents))
    _check_each_once([name for name, _ in contents])
    for name, _ in contents:
        checked_name(name, "fileName")
    stored = store_all(session, runs, folder, contents, may_replace=session_id is not None)
    return Files(session.id, [shown_file(file, folder) for file in stored])


def put_file(
    sessions: CallerSessions,
    runs: Runs,
    *,
    file_name: str,
    content: bytes,
    session_id: str | None = None,
    folder: str = "",
) -> Files:
    """Stores one file."""
    return upload_contents(sessions, runs, contents=[(file_name, content)], session_id=session_id, folder=folder)


def list_files(session: SessionClient, *, folder: str = "", recursive: bool = False) -> Files:
    """A folder that is not there has no files. The connector's own folders are listed only when they are asked for."""
    found = session.list_files(folder, recursive=recursive)
    found = [file for file in found if not is_kept_of_run(joined(folder, file.directory), file.name)]
    listed = [shown_file(file, folder) for file in found]
    return Files(session.id, [file for file in listed if folder or not is_hidden(file.folder)])


def get_file(session: SessionClient, runs: Runs, path: FilePath) -> FileWithContent:
    """Raises FileNotFound, and FileTooLarge before the file is read."""
    file = download_file_headers(session, path)
    if file.size > _LARGEST_IN_JSON:
        raise FileTooLarge(
            f"The file has {file.size:,} bytes, and as base64 in JSON {_LARGEST_IN_JSON:,} is the most. Use "
            "DownloadFile, which sends the bytes as they are.",
            target="fileName",
        )
    content = download_whole(session, runs, path, file)
    return FileWithContent(
        session.id,
        path.name,
        shown_folder(path.folder),
        size=len(content),
        content_type=file.content_type,
        file_content=base64.b64encode(content).decode(),
        last_modified_time=file.last_modified_time,
    )


def download_file_headers(session: SessionClient, path: FilePath) -> FileBytes:
    """The file's size, type and time alone. Raises FileNotFound."""
    file = found_file(session, path)
    return FileBytes(path.name, content_type(path.name), file.size, None, file.modified)


def download_file(
    session: SessionClient,
    runs: Runs,
    path: FilePath,
    *,
    found: FileBytes | None = None,
) -> FileBytes:
    """All of it; `found` are its headers, where they are known. Raises FileNotFound, and FileTooLarge unread."""
    file = found or download_file_headers(session, path)
    if file.size > LARGEST_MESSAGE:
        raise FileTooLarge(
            f"The file has {file.size:,} bytes, and {LARGEST_MESSAGE:,} is the most that one answer carries. Ask for a "
            "part at a time with the header Range, as in Range: bytes=0-33554431, or compress the file in the session.",
            target="fileName",
        )
    content = download_whole(session, runs, path, file)
    if len(content) != file.size:  # it has changed in between: what is known of it is not about these bytes
        return replace(file, size=len(content), content=content, last_modified_time=None)
    return replace(file, content=content)


def delete_file(session: SessionClient, runs: Runs, path: FilePath) -> None:
    """Raises FileNotFound, and SessionBusy for a name of sessions alone."""
    if is_known_to_pool(path.name):
        session.delete_file(path)
        return
    found_file(session, path)
    perform(
        session,
        runs,
        remove_file.perform,
        {"file": str(path)},
        failure="The session could not remove the file.",
    )


def found_file(session: SessionClient, path: FilePath) -> PoolFile:
    """The folder's file of that name; the pool lists also those whose names it does not know. Raises FileNotFound."""
    if is_known_to_pool(path.name):
        return session.get_file(path)
    for file in session.list_files(path.folder, recursive=False):
        if file.name == path.name:
            return file
    raise file_not_found(path.name)


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
    """Of two files of one name only the last would be left."""
    for name in names:
        if names.count(name) > 1:
            raise InvalidRequest(f"The file '{name[:100]}' is there twice. Send each name once.", target=name[:100])


def _decoded(content: str, index: int) -> bytes:
    """The bytes that `content` stands for: base64, or a data URI. Copies a long text only where it must."""
    target = f"files[{index}].fileContent"
    try:
        data = _DATA_URI.match(content)
        if data is None:
            # Encoders break lines. Everything else must be exact: without padding, or with spaces, it may be text.
            if "\n" in content or "\r" in content:
                content = content.replace("\r", "").replace("\n", "")
            return binascii.a2b_base64(content, strict_mode=True)
        payload = content[data.end() :]
        if re.search("%(?![0-9A-Fa-f]{2})", payload):
            raise ValueError
        decoded = unquote_to_bytes(payload)
        return base64.b64decode(decoded, validate=True) if data["base64"] else decoded
    except ValueError:  # binascii.Error and UnicodeEncodeError are ValueErrors too
        raise InvalidFileContent(
            f"The content of file {index} is not base64, with its padding. Encode the file's bytes: base64(...) in a "
            "workflow, base64.b64encode in Python. Text can also be sent as a data URI, as in data:text/plain,a%20b.",
            target=target,
        ) from None
