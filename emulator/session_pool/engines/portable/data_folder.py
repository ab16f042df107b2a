"""A session's data folder as the server reads and writes it, where it is an ordinary folder of the machine.

Links, and everything that is not a regular file or folder, are refused at every step of a path, as far as the system
can recognize them. This is not a security boundary: code of a session that is not isolated may replace a folder by a
link between two steps, but it could also open the link's target itself.
"""

import contextlib
import ntpath
import os
import stat
import sys
from collections.abc import Iterator
from pathlib import Path, PureWindowsPath
from typing import BinaryIO

from ..shared.data_rules import (
    DEEPEST,
    Entry,
    FolderGone,
    InvalidFolder,
    InvalidName,
    check_name,
    copy,
    folder_parts,
    names_in,
    ordinary,
    refusals,
    unlisted,
    walked,
)

_REPARSE_POINT = 0x400  # FILE_ATTRIBUTE_REPARSE_POINT: Windows' links and junctions, and files that are elsewhere
# O_NONBLOCK: a pipe that took the file's place would keep the server waiting.
_READ_FLAGS = os.O_RDONLY | sum(getattr(os, name, 0) for name in ("O_BINARY", "O_NOFOLLOW", "O_NONBLOCK"))

if sys.version_info >= (3, 13):
    _is_reserved = ntpath.isreserved
else:  # from 3.13 on, this method is deprecated

    def _is_reserved(name: str) -> bool:
        return PureWindowsPath(name).is_reserved()


class PortableDataFolder:
    """Implements `interface.Files` for the folder at `path`."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._closed = False
        self._uploading: set[str] = set()

    def close(self) -> None:
        """Every method raises FolderGone from now on. The folder itself stays."""
        self._closed = True

    def write(self, folder: str, name: str, content: BinaryIO) -> Entry:
        """Stores all of `content` or nothing: it replaces the file only when it is complete. Raises TooLarge.

        InvalidFolder and InvalidName also mean that the session's code has put something else there, or made the folder
        inaccessible.
        """
        _check_name(name)
        with refusals(folder, name), unlisted(self._uploading) as unlisted_name:
            parent = self._opened(folder, create=True)
            if stat.S_ISDIR(_status(parent / name, missing=0)):
                raise InvalidName(name)
            temporary = parent / unlisted_name
            try:
                with temporary.open("xb") as target:
                    copy(content, target)
                temporary.replace(parent / name)
            except BaseException:
                with contextlib.suppress(OSError):
                    temporary.unlink()
                raise
            return _entry(parent / name)

    def read(self, folder: str, name: str) -> tuple[BinaryIO, Entry]:
        """The open file and its entry. Only regular files are read: a pipe would never end."""
        _check_name(name)
        path = self._opened(folder) / name
        _entry(path)
        try:
            fd = os.open(path, _READ_FLAGS)
        except OSError as failure:
            raise FileNotFoundError(name) from failure
        return ordinary(fd, name)

    def entry(self, folder: str, name: str) -> Entry:
        _check_name(name)
        return _entry(self._opened(folder) / name)

    def delete(self, folder: str, name: str) -> None:
        """Deletes a file or a link; never what a link points to."""
        _check_name(name)
        path = self._opened(folder) / name
        if stat.S_ISDIR(_status(path)):
            raise FileNotFoundError(name)
        try:
            path.unlink()
        except OSError as failure:
            raise FileNotFoundError(name) from failure

    def walk(self, folder: str, *, recursive: bool = False) -> Iterator[list[Entry]]:
        """Files and folders, by name, in batches; nothing if the folder does not exist.

        Links, pipes and devices are omitted. Some batches are empty, and each takes less than a slice of time. Raises
        TooManyFiles.
        """
        try:
            yield from _walk(self._opened(folder), ".", DEEPEST if recursive else 0, self._uploading)
        except FileNotFoundError:
            return

    def _opened(self, folder: str, *, create: bool = False) -> Path:
        """The path of `folder`. Raises FileNotFoundError if a step to it is not a folder."""
        if self._closed:
            raise FolderGone
        path = self._path
        for part in folder_parts(folder):
            _check_on_windows(part, InvalidFolder(folder))
            path /= part
            if create:
                with contextlib.suppress(FileExistsError):
                    path.mkdir()
            if not stat.S_ISDIR(_status(path)):
                raise FileNotFoundError(folder)
        return path


def _status(path: Path, missing: int | None = None) -> int:
    """`st_mode`, or 0 for a link. If the path does not exist, `missing`, or FileNotFoundError if that is None."""
    try:
        status = path.lstat()
    except OSError as failure:
        if missing is None:
            raise FileNotFoundError(path.name) from failure
        return missing
    return 0 if _is_link(status) else status.st_mode


def _is_link(status: os.stat_result) -> bool:
    attributes = getattr(status, "st_file_attributes", 0)
    return stat.S_ISLNK(status.st_mode) or bool(attributes & _REPARSE_POINT)


def _entry(path: Path) -> Entry:
    """Raises FileNotFoundError unless it is a regular file."""
    try:
        status = path.lstat()
    except OSError as failure:
        raise FileNotFoundError(path.name) from failure
    if _is_link(status) or not stat.S_ISREG(status.st_mode):
        raise FileNotFoundError(path.name)
    return Entry(path.name, ".", False, status.st_size, status.st_mtime)


def _walk(folder: Path, directory: str, levels: int, omitted: set[str]) -> Iterator[list[Entry]]:
    try:
        scan = os.scandir(folder)
    except OSError:
        return

    def status_of(name: str) -> os.stat_result | None:
        status = (folder / name).lstat()
        return None if _is_link(status) else status

    def below(name: str, path: str) -> Iterator[list[Entry]]:
        return _walk(folder / name, path, levels - 1, omitted)

    with scan:
        yield from walked(names_in(scan, omitted), directory, status_of, below if levels else None)


def _check_name(name: str) -> None:
    """Raises InvalidName."""
    check_name(name)
    _check_on_windows(name, InvalidName(name))


def _check_on_windows(name: str, invalid: ValueError) -> None:
    """Windows drops a dot or space at the end of a name, and some names are devices there: `con`, `com1.txt`."""
    if sys.platform == "win32" and (name != name.rstrip(". ") or _is_reserved(name)):
        raise invalid
