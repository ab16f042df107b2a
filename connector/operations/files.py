"""UploadFile, PutFile, ListFiles, GetFile, DownloadFile and DeleteFile."""

import base64
import binascii
import mimetypes
import re
from typing import TypedDict
from urllib.parse import unquote_to_bytes

from ..errors import ConnectorError, FileTooLarge, InvalidFileContent, InvalidFileName
from ..identity import check_session_id, mint_session_id, pool_identifier
from ..session_pool import PoolFile, SessionPoolClient
from ..shapes import File, FileBytes, Files, FileWithContent

MAX_FILE_BYTES = 128 << 20
# What sessions take: letters of any script, digits, and these; a folder's name has no dot. Source: the documentation of
# code-interpreter sessions.
_FILE_NAME = re.compile(r"[\w \-.@$&=;,#%^()]+")
_FOLDER = re.compile(r"[\w \-@$&=;,#%^()]+(/[\w \-@$&=;,#%^()]+)*")
_LONGEST_NAME_BYTES = 255


class NewFile(TypedDict):
    """A member of `files` in UploadFile's body."""

    file_name: str
    file_content: str


def upload_file(
    pool: SessionPoolClient, *, files: list[NewFile], session_id: str | None = None, folder: str = ""
) -> Files:
    """Checks all names and contents before it stores the first file."""
    contents = [
        (_checked_name(file["file_name"], f"files[{index}].fileName"), _decoded(file["file_content"], index))
        for index, file in enumerate(files)
    ]
    return upload_contents(pool, contents=contents, session_id=session_id, folder=folder)


def upload_contents(
    pool: SessionPoolClient, *, contents: list[tuple[str, bytes]], session_id: str | None = None, folder: str = ""
) -> Files:
    """Stores `(name, bytes)` pairs. When one fails, the error names it and tells which are stored."""
    session_id = check_session_id(session_id) if session_id else mint_session_id()
    folder = checked_folder(folder)
    for name, content in contents:
        _checked_name(name, "fileName")
        if len(content) > MAX_FILE_BYTES:
            raise FileTooLarge(
                f"The file '{name}' has {len(content):,} bytes; {MAX_FILE_BYTES:,} is the most. Compress or divide it.",
                target=name,
            )
    stored: list[File] = []
    for name, content in contents:
        try:
            stored.append(_file(pool.upload_file(pool_identifier(session_id), folder, name, content), folder))
        except ConnectorError as failure:
            if len(contents) > 1:
                done = ", ".join(file.file_name for file in stored) or "none"
                failure.message = f"The file '{name}' was not stored. {failure.message} Stored before it: {done}."
                failure.target = name
            raise
    return Files(session_id, stored)


def put_file(
    pool: SessionPoolClient, *, file_name: str, content: bytes, session_id: str | None = None, folder: str = ""
) -> Files:
    """Stores one file."""
    return upload_contents(pool, contents=[(file_name, content)], session_id=session_id, folder=folder)


def list_files(pool: SessionPoolClient, *, session_id: str, folder: str = "", recursive: bool = False) -> Files:
    """A folder that is not there has no files."""
    folder = checked_folder(folder)
    found = pool.list_files(pool_identifier(check_session_id(session_id)), folder, recursive=recursive)
    return Files(session_id, [_file(file, folder) for file in found])


def get_file(pool: SessionPoolClient, *, session_id: str, file_name: str, folder: str = "") -> FileWithContent:
    """Raises FileNotFound."""
    identifier, folder = pool_identifier(check_session_id(session_id)), checked_folder(folder)
    file = _file(pool.get_file(identifier, folder, _checked_name(file_name)), folder)
    content = pool.download_file(identifier, folder, file_name)
    return FileWithContent(
        session_id,
        file_name,
        folder,
        size=len(content),
        content_type=file.content_type,
        file_content=base64.b64encode(content).decode(),
        last_modified_time=file.last_modified_time,
    )


def download_file(pool: SessionPoolClient, *, session_id: str, file_name: str, folder: str = "") -> FileBytes:
    """Raises FileNotFound."""
    identifier, folder = pool_identifier(check_session_id(session_id)), checked_folder(folder)
    content = pool.download_file(identifier, folder, _checked_name(file_name))
    return FileBytes(file_name, content_type(file_name), len(content), content)


def download_file_headers(pool: SessionPoolClient, *, session_id: str, file_name: str, folder: str = "") -> FileBytes:
    """The file's size and type alone. Raises FileNotFound."""
    identifier, folder = pool_identifier(check_session_id(session_id)), checked_folder(folder)
    file = pool.get_file(identifier, folder, _checked_name(file_name))
    return FileBytes(file_name, content_type(file_name), file.size, None)


def delete_file(pool: SessionPoolClient, *, session_id: str, file_name: str, folder: str = "") -> None:
    """Raises FileNotFound."""
    identifier, folder = pool_identifier(check_session_id(session_id)), checked_folder(folder)
    pool.delete_file(identifier, folder, _checked_name(file_name))


def content_type(file_name: str) -> str:
    """Told by the name, as the pool does it; a compressed file is just bytes."""
    kind, encoding = mimetypes.guess_type(file_name)
    return kind if kind is not None and encoding is None else "application/octet-stream"


def checked_folder(folder: str) -> str:
    """The folder relative to /mnt/data, however it was written. Raises InvalidFileName."""
    path = folder.strip("/")
    if path == "mnt/data" or path.startswith("mnt/data/"):
        path = path[len("mnt/data") :].strip("/")
    if path and not _FOLDER.fullmatch(path):
        raise InvalidFileName(
            f"The folder {ascii(folder[:100])} is not one that sessions take: letters, digits, spaces and - _ @ $ & = "
            "; , # % ^ ( ), no dot, with / between folders. It is relative to /mnt/data.",
            target="folder",
        )
    return path


def _checked_name(name: str, target: str = "fileName") -> str:
    if len(name.encode("utf-8", "surrogatepass")) > _LONGEST_NAME_BYTES:
        wrong = f"is longer than {_LONGEST_NAME_BYTES} bytes"
    elif name in (".", "..") or "/" in name or "\\" in name:
        wrong = "is a path; send the name alone, and the folder as `folder`"
    elif not _FILE_NAME.fullmatch(name):
        odd = sorted(set(re.sub(r"[\w \-.@$&=;,#%^()]", "", name)))
        wrong = "has " + " ".join(ascii(character) for character in odd[:5]) if odd else "is empty"
    else:
        return name
    raise InvalidFileName(
        f"The file name {ascii(name[:100])} {wrong}. "
        "Sessions take letters, digits, spaces and - _ . @ $ & = ; , # % ^ ( ).",
        target=target,
    )


def _decoded(content: str, index: int) -> bytes:
    """The bytes that `content` stands for: base64, or a data URI."""
    target = f"files[{index}].fileContent"
    if content.startswith("data:"):
        header, comma, payload = content.partition(",")
        if not comma:
            raise InvalidFileContent("The data URI has no comma, behind which its content stands.", target=target)
        if not header.endswith(";base64"):
            return unquote_to_bytes(payload)
        content = payload
    try:
        # Encoders break lines. Everything else must be exact: without padding, or with spaces, it may as well be text.
        return base64.b64decode(re.sub(r"[\r\n]", "", content), validate=True)
    except (binascii.Error, ValueError):
        raise InvalidFileContent(
            f"The content of file {index} is not base64, with its padding. Encode the file's bytes: base64(...) in a "
            "workflow, base64.b64encode in Python. Text can also be sent as a data URI, as in data:text/plain,a%20b.",
            target=target,
        ) from None


def _file(file: PoolFile, folder: str) -> File:
    return File(
        file.name,
        folder="/".join(part for part in (folder, file.directory) if part),
        size=file.size,
        content_type=content_type(file.name),
        last_modified_time=file.modified,
    )
