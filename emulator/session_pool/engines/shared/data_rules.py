"""Rules for a session's files that hold in every engine: their names, their size, and how an entry describes them.

Imports only what every system has.
"""

import contextlib
import heapq
import itertools
import mimetypes
import os
import re
import secrets
import stat
from collections.abc import Callable, Container, Iterator
from dataclasses import dataclass
from typing import BinaryIO

DATA = "/mnt/data"
"""The path of the data folder, for the code of a session."""

MAX_UPLOAD_BYTES = 128 << 20
DEEPEST = 50
"""Nested folders that a list descends into: each takes memory, and on Linux a descriptor, of the server."""

MAX_LISTED = 200_000
"""Of one list: the names of a folder take memory of the server. With namespaces, a session cannot have more."""

_BATCH = 16
_SORTED_AT_ONCE = 1000

# Letters of any script, digits, and these; a folder's name has no dot. Source: the service's documentation.
_FILE_NAME = re.compile(r"[\w \-.@$&=;,#%^()]{1,255}")
_FOLDER_NAME = re.compile(r"[\w \-@$&=;,#%^()]{1,255}")


class InvalidName(ValueError):
    """A file name that the service refuses."""


class InvalidFolder(ValueError):
    """A folder name that the service refuses."""


class TooLarge(Exception):
    """An upload larger than MAX_UPLOAD_BYTES, or than the space that the session has left."""


class TooManyFiles(Exception):
    """A list with more than MAX_LISTED files and folders."""


class FolderGone(Exception):
    """The session has ended, and its files are deleted."""


@dataclass(frozen=True)
class Entry:
    """A file or folder. `directory` is its parent, relative to the listed folder; `.` is the listed folder itself."""

    name: str
    directory: str
    is_folder: bool
    size: int
    modified: float  # seconds since the epoch

    @property
    def path(self) -> str:
        """Relative to the folder that was listed."""
        return self.name if self.directory == "." else f"{self.directory}/{self.name}"

    @property
    def content_type(self) -> str:
        kind, encoding = mimetypes.guess_type(self.name)
        if self.is_folder or kind is None or encoding is not None:
            return "application/octet-stream"
        return f"{kind}; charset=utf-8" if kind.startswith("text/") else kind


def folder_parts(folder: str) -> list[str]:
    """The steps from /mnt/data to `folder`, which may begin with /mnt/data itself. Raises InvalidFolder."""
    path, root = folder.strip("/"), DATA[1:]
    if path == root or path.startswith(root + "/"):
        path = path[len(root) :].strip("/")
    parts = [part for part in path.split("/") if part]
    if not all(_FOLDER_NAME.fullmatch(part) for part in parts):
        raise InvalidFolder(folder)
    return parts


def shown(name: str) -> str:
    """A name as JSON carries it: Python reads each byte that is not UTF-8 as one half of a surrogate pair."""
    return re.sub("[\ud800-\udfff]", "\ufffd", name)


def check_name(name: str) -> None:
    """Raises InvalidName."""
    if not _FILE_NAME.fullmatch(name) or name in (".", "..") or len(os.fsencode(name)) > 255:
        raise InvalidName(name)


@contextlib.contextmanager
def refusals(folder: str, name: str) -> Iterator[None]:
    """Around a write: turns the system's errors about the path into InvalidFolder, InvalidName or TooLarge."""
    try:
        yield
    except (FileNotFoundError, NotADirectoryError, PermissionError) as failure:
        raise InvalidFolder(folder) from failure
    except IsADirectoryError as failure:
        raise InvalidName(name) from failure
    except OSError as full:
        raise TooLarge from full


@contextlib.contextmanager
def unlisted(names: set[str]) -> Iterator[str]:
    """A name for a file that is not complete yet, added to `names` meanwhile, which lists omit.

    A pattern would not do: a file of the session may have any name.
    """
    name = f".upload-{secrets.token_hex(8)}"
    names.add(name)
    try:
        yield name
    finally:
        names.discard(name)


def names_in(scan: "Iterator[os.DirEntry[str]]", omitted: Container[str]) -> Iterator[list[str]]:
    """The names in a folder, in order and in batches; some are empty, because reading and sorting take time too.

    Raises TooManyFiles.
    """
    runs: list[list[str]] = []
    while run := sorted(entry.name for entry in itertools.islice(scan, _SORTED_AT_ONCE)):
        runs.append([name for name in run if name not in omitted])
        if len(runs) * _SORTED_AT_ONCE > MAX_LISTED:
            raise TooManyFiles
        if len(run) == _SORTED_AT_ONCE:
            yield []
    merged = heapq.merge(*runs)
    while batch := list(itertools.islice(merged, _BATCH)):
        yield batch


def walked(
    names: Iterator[list[str]],
    directory: str,
    status_of: Callable[[str], os.stat_result | None],
    below: Callable[[str, str], Iterator[list[Entry]]] | None,
) -> Iterator[list[Entry]]:
    """The entries of a folder whose `names` come in batches, and of the folders below it, in batches too.

    `status_of` a name raises OSError for what has disappeared, and returns None for what is omitted. `below` walks the
    folder of a name and a path; without it, folders are only listed themselves.
    """
    for batch in names:
        found: list[Entry] = []
        for name in batch:
            try:
                status = status_of(name)
            except OSError:
                continue
            entry = None if status is None else _listed(name, directory, status)
            if entry is None:
                continue
            found.append(entry)
            if entry.is_folder and below is not None:
                yield found
                found = []
                yield from below(name, entry.path)
        yield found


def _listed(name: str, directory: str, status: os.stat_result) -> Entry | None:
    """The entry of a list. None for links, pipes and devices, which are omitted."""
    is_folder = stat.S_ISDIR(status.st_mode)
    if not is_folder and not stat.S_ISREG(status.st_mode):
        return None
    return Entry(shown(name), directory, is_folder, 0 if is_folder else status.st_size, status.st_mtime)


def ordinary(fd: int, name: str) -> tuple[BinaryIO, Entry]:
    """The file of `fd` and its entry. Closes `fd` and raises FileNotFoundError unless it is a regular file."""
    status = os.fstat(fd)
    if not stat.S_ISREG(status.st_mode):
        os.close(fd)
        raise FileNotFoundError(name)
    return open(fd, "rb"), Entry(name, ".", False, status.st_size, status.st_mtime)


def copy(source: BinaryIO, target: BinaryIO) -> None:
    """Copies the rest of `source`. Raises TooLarge if that is more than an upload may have."""
    total = 0
    while chunk := source.read(1 << 20):
        total += len(chunk)
        if total > MAX_UPLOAD_BYTES:
            raise TooLarge
        target.write(chunk)
    target.flush()
