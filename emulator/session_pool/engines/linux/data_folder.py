"""A session's /mnt/data, as the server reads and writes it on Linux.

The folder is accessed through a descriptor, because it is in the session's own file system. Names come from callers,
and what they refer to comes from user code: so every step of a path is opened without following links, and as the
session's user if the server is root. A link to the server's files leads nowhere.
"""

import contextlib
import ctypes
import os
import stat
import threading
from collections.abc import Iterator
from typing import BinaryIO

from ..shared.data_rules import (
    DEEPEST,
    Entry,
    FolderGone,
    check_name,
    copy,
    folder_parts,
    names_in,
    ordinary,
    refusals,
    unlisted,
    walked,
)
from . import confinement

_libc = ctypes.CDLL(None, use_errno=True)


class DataFolder:
    """Every method blocks on the disk: call from a thread. `folder` is relative to /mnt/data; `""` is /mnt/data itself.

    They raise InvalidName and InvalidFolder for names that the service refuses, FileNotFoundError for what does not
    exist, and FolderGone after `close`.
    """

    def __init__(self, fd: int) -> None:
        self.fd = fd
        self._closing = threading.Lock()
        self._uploading: set[str] = set()

    def close(self) -> None:
        """No method uses the descriptor from now on: its number may soon refer to another session's folder."""
        with self._closing:
            os.close(self.fd)
            self.fd = -1

    def write(self, folder: str, name: str, content: BinaryIO) -> Entry:
        """Stores all of `content` or nothing: it replaces the file only when it is complete. Raises TooLarge.

        InvalidFolder and InvalidName also mean that the session's code has put something else there, or made the folder
        inaccessible.
        """
        check_name(name)
        with (
            refusals(folder, name),
            self._opened(folder, create=True) as parent,
            unlisted(self._uploading) as temporary,
        ):
            with _as_session_user():
                fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o644, dir_fd=parent)
            try:
                with open(fd, "wb") as target:
                    copy(content, target)
                with _as_session_user():
                    os.replace(temporary, name, src_dir_fd=parent, dst_dir_fd=parent)
            except BaseException:
                with _as_session_user(), contextlib.suppress(OSError):
                    os.unlink(temporary, dir_fd=parent)
                raise
            return self._entry(parent, name)

    def read(self, folder: str, name: str) -> tuple[BinaryIO, Entry]:
        """The open file and its entry. Only regular files are read: a pipe would never end."""
        check_name(name)
        with self._opened(folder) as parent, _as_session_user():
            try:
                fd = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=parent)
            except OSError as failure:
                raise FileNotFoundError(name) from failure
        return ordinary(fd, name)

    def entry(self, folder: str, name: str) -> Entry:
        check_name(name)
        with self._opened(folder) as parent:
            return self._entry(parent, name)

    def delete(self, folder: str, name: str) -> None:
        """Deletes a file or a link; never what a link points to."""
        check_name(name)
        with self._opened(folder) as parent, _as_session_user():
            try:
                os.unlink(name, dir_fd=parent)
            except (IsADirectoryError, PermissionError) as failure:
                raise FileNotFoundError(name) from failure

    def walk(self, folder: str, *, recursive: bool = False) -> Iterator[list[Entry]]:
        """Files and folders, by name, in batches; nothing if the folder does not exist.

        Links, pipes and devices are omitted. Some batches are empty, and each takes less than a slice of time. Raises
        TooManyFiles.
        """
        try:
            with self._opened(folder) as parent:
                yield from self._walk(parent, ".", DEEPEST if recursive else 0)
        except FileNotFoundError:
            return

    def _walk(self, folder_fd: int, directory: str, levels: int) -> Iterator[list[Entry]]:
        with _as_session_user():
            scan = os.scandir(folder_fd)

        def status_of(name: str) -> os.stat_result:
            return os.stat(name, dir_fd=folder_fd, follow_symlinks=False)

        def below(name: str, path: str) -> Iterator[list[Entry]]:
            with contextlib.suppress(OSError), _opened_folder(folder_fd, name) as child:
                yield from self._walk(child, path, levels - 1)

        with scan:
            yield from walked(names_in(scan, self._uploading), directory, status_of, below if levels else None)

    def _entry(self, parent: int, name: str) -> Entry:
        with _as_session_user():
            try:
                status = os.stat(name, dir_fd=parent, follow_symlinks=False)
            except OSError as failure:
                raise FileNotFoundError(name) from failure
        if not stat.S_ISREG(status.st_mode):
            raise FileNotFoundError(name)
        return Entry(name, ".", False, status.st_size, status.st_mtime)

    @contextlib.contextmanager
    def _opened(self, folder: str, *, create: bool = False) -> Iterator[int]:
        with self._closing:
            if self.fd < 0:
                raise FolderGone
            fd = os.dup(self.fd)
        try:
            for part in folder_parts(folder):
                if create:
                    with _as_session_user(), contextlib.suppress(FileExistsError):
                        os.mkdir(part, 0o777, dir_fd=fd)
                with _opened_folder(fd, part) as below:
                    os.dup2(below, fd, inheritable=False)
            yield fd
        finally:
            os.close(fd)


@contextlib.contextmanager
def _opened_folder(parent: int, name: str) -> Iterator[int]:
    with _as_session_user():
        try:
            fd = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=parent)
        except OSError as failure:
            raise FileNotFoundError(name) from failure
    try:
        yield fd
    finally:
        os.close(fd)


@contextlib.contextmanager
def _as_session_user() -> Iterator[None]:
    """If the server is root, lets this thread open files with the session user's rights only.

    The kernel would refuse root anyway: a session's file system does not know that user. setfsuid(2) is per thread.
    """
    if os.getuid() != 0:
        yield
        return
    _libc.setfsgid(confinement.SESSION_UID)
    _libc.setfsuid(confinement.SESSION_UID)
    try:
        yield
    finally:
        _libc.setfsuid(0)
        _libc.setfsgid(0)
