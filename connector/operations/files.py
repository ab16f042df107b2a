"""UploadFile, PutFile, ListFiles, GetFile, DownloadFile and DeleteFile."""

import base64
import mimetypes
import re
import unicodedata
from typing import TypedDict
from urllib.parse import unquote_to_bytes

from ..errors import ConnectorError, FileTooLarge, InvalidFileContent, InvalidFileName, InvalidRequest
from ..harness import report
from ..identity import check_session_id, mint_session_id
from ..pool_wire import PoolFile
from ..session_pool import SessionPoolClient
from ..shapes import File, FileBytes, Files, FileWithContent

MAX_FILE_BYTES = 128 << 20
OUTPUTS = ".outputs"
"""How callers know the folder of what runs displayed; sessions take no dots in the names of folders."""

# What sessions take: letters of any script, digits, and these; a folder's name has no dot. Source: the documentation of
# code-interpreter sessions.
_OTHERS_IN_NAMES = " -_.@$&=;,#%^()"
_FOLDER = re.compile(r"[\w \-@$&=;,#%^()]+(/[\w \-@$&=;,#%^()]+)*")
_LONGEST_NAME_BYTES = 255
_DATA_URI = re.compile(r"data:[^,]*?(?P<base64>;base64)?,(?P<payload>.*)", re.IGNORECASE | re.DOTALL)
# Python's own table, without the machine's, and what it lacks in some versions.
_TYPES = mimetypes.MimeTypes(filenames=())
for _kind, _ending in (
    ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", ".xlsx"),
    ("application/vnd.openxmlformats-officedocument.wordprocessingml.document", ".docx"),
    ("application/vnd.openxmlformats-officedocument.presentationml.presentation", ".pptx"),
    ("application/vnd.apache.parquet", ".parquet"),
    ("application/x-ndjson", ".jsonl"),
    ("application/yaml", ".yaml"),
    ("text/markdown", ".md"),
):
    _TYPES.add_type(_kind, _ending)


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
    _check_each_once([name for name, _ in contents])
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
            stored.append(_file(pool.upload_file(session_id, folder, name, content), folder))
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
    """A folder that is not there has no files. What runs displayed is listed only when its folder is asked for."""
    folder = checked_folder(folder)
    found = pool.list_files(check_session_id(session_id), folder, recursive=recursive)
    listed = [_file(file, folder) for file in found if file.name not in (report.RECORD, report.NOTE)]
    return Files(session_id, [file for file in listed if folder or file.folder.split("/")[0] != OUTPUTS])


def get_file(pool: SessionPoolClient, *, session_id: str, file_name: str, folder: str = "") -> FileWithContent:
    """Raises FileNotFound."""
    session_id, folder = check_session_id(session_id), checked_folder(folder)
    file = _file(pool.get_file(session_id, folder, _checked_name(file_name)), folder)
    content = pool.download_file(session_id, folder, file_name)
    return FileWithContent(
        session_id,
        file_name,
        _shown(folder),
        size=len(content),
        content_type=file.content_type,
        file_content=base64.b64encode(content).decode(),
        last_modified_time=file.last_modified_time,
    )


def download_file(pool: SessionPoolClient, *, session_id: str, file_name: str, folder: str = "") -> FileBytes:
    """Raises FileNotFound."""
    session_id, folder = check_session_id(session_id), checked_folder(folder)
    content = pool.download_file(session_id, folder, _checked_name(file_name))
    return FileBytes(file_name, content_type(file_name), len(content), content)


def download_file_headers(pool: SessionPoolClient, *, session_id: str, file_name: str, folder: str = "") -> FileBytes:
    """The file's size and type alone. Raises FileNotFound."""
    session_id, folder = check_session_id(session_id), checked_folder(folder)
    file = pool.get_file(session_id, folder, _checked_name(file_name))
    return FileBytes(file_name, content_type(file_name), file.size, None)


def delete_file(pool: SessionPoolClient, *, session_id: str, file_name: str, folder: str = "") -> None:
    """Raises FileNotFound."""
    session_id, folder = check_session_id(session_id), checked_folder(folder)
    pool.delete_file(session_id, folder, _checked_name(file_name))


def content_type(file_name: str) -> str:
    """Told by the name, the same on every machine; a compressed file is just bytes."""
    kind, encoding = _TYPES.guess_type(file_name)
    return kind if kind is not None and encoding is None else "application/octet-stream"


def checked_folder(folder: str) -> str:
    """The folder relative to /mnt/data, however it was written. Raises InvalidFileName."""
    path = folder.strip("/")
    if path == "mnt/data" or path.startswith("mnt/data/"):
        path = path[len("mnt/data") :].strip("/")
    if path.split("/")[0] == OUTPUTS:
        path = report.FOLDER + path[len(OUTPUTS) :]
    if path and not _FOLDER.fullmatch(path):
        raise InvalidFileName(
            f"The folder {ascii(folder[:100])} is not one that sessions take: letters, digits, spaces and - _ @ $ & = "
            "; , # % ^ ( ), no dot, with / between folders. It is relative to /mnt/data.",
            target="folder",
        )
    if longest := max((part for part in path.split("/") if len(part.encode()) > _LONGEST_NAME_BYTES), default=""):
        raise InvalidFileName(
            f"The folder has a part of more than {_LONGEST_NAME_BYTES} bytes: {ascii(longest[:100])}... Shorten it.",
            target="folder",
        )
    return path


def _checked_name(name: str, target: str = "fileName") -> str:
    odd = sorted({character for character in name if not _may_stand_in_a_name(character)})
    if len(name.encode("utf-8", "surrogatepass")) > _LONGEST_NAME_BYTES:
        wrong = f"is longer than {_LONGEST_NAME_BYTES} bytes"
    elif name in (".", "..") or "/" in name or "\\" in name or "%2f" in name.lower():
        wrong = "is a path; send the name alone, and the folder as `folder`"
    elif odd:
        wrong = "has " + " ".join(ascii(character) for character in odd[:5])
    elif not name:
        wrong = "is empty"
    else:
        return name
    raise InvalidFileName(
        f"The file name {ascii(name[:100])} {wrong}. "
        "Sessions take letters, digits, spaces and - _ . @ $ & = ; , # % ^ ( ).",
        target=target,
    )


def _may_stand_in_a_name(character: str) -> bool:
    """Letters and digits of any script, and the marks that belong to them. The pool has the last word."""
    return character in _OTHERS_IN_NAMES or unicodedata.category(character)[0] in "LMN"


def _check_each_once(names: list[str]) -> None:
    """Of two files of one name only the last would be left."""
    for name in names:
        if names.count(name) > 1:
            raise InvalidRequest(f"The file '{name[:100]}' is there twice. Send each name once.", target=name[:100])


def _decoded(content: str, index: int) -> bytes:
    """The bytes that `content` stands for: base64, or a data URI."""
    target = f"files[{index}].fileContent"
    try:
        data = _DATA_URI.fullmatch(content)
        if data is None:
            # Encoders break lines. Everything else must be exact: without padding, or with spaces, it may be text.
            return base64.b64decode(re.sub(r"[\r\n]", "", content), validate=True)
        if re.search("%(?![0-9A-Fa-f]{2})", data["payload"]):
            raise ValueError
        payload = unquote_to_bytes(data["payload"])
        return base64.b64decode(payload, validate=True) if data["base64"] else payload
    except ValueError:  # binascii.Error and UnicodeEncodeError are ValueErrors too
        raise InvalidFileContent(
            f"The content of file {index} is not base64, with its padding. Encode the file's bytes: base64(...) in a "
            "workflow, base64.b64encode in Python. Text can also be sent as a data URI, as in data:text/plain,a%20b.",
            target=target,
        ) from None


def _file(file: PoolFile, folder: str) -> File:
    return File(
        file.name,
        folder=_shown("/".join(part for part in (folder, file.directory) if part)),
        size=file.size,
        content_type=content_type(file.name),
        last_modified_time=file.modified,
    )


def _shown(folder: str) -> str:
    """As callers know it."""
    return OUTPUTS + folder[len(report.FOLDER) :] if folder.split("/")[0] == report.FOLDER else folder
