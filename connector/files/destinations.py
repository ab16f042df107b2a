"""Whether a file can be stored at a path: it is not a folder, and nothing above it is a file."""

import contextlib

from ..errors import ConnectorError, FileNotFound, InvalidFileName
from ..models import FilePath
from ..session_pool.sessions import SessionClient
from ..session_pool.wire import PoolFile
from .names import joined, quoted

_MOST_FOLDERS = 10
"""Folders above a file that are checked, with a call for each."""


class PathRefused(InvalidFileName):
    """The pool does not take this path, which a session can have."""

    @property
    def code(self) -> str:
        return InvalidFileName.__name__


def store_file(session: SessionClient, path: FilePath, content: bytes) -> PoolFile:
    """Raises InvalidFileName: that of `path_taken` if this is why the pool refuses the file, otherwise PathRefused."""
    try:
        return session.upload_file(path, content)
    except InvalidFileName as refusal:
        if _is_taken(session, path):
            raise path_taken(path.name) from refusal.__cause__
        raise PathRefused(refusal.message, target=refusal.target) from refusal.__cause__


def path_taken(name: str) -> InvalidFileName:
    return InvalidFileName(
        f"The path of {quoted(name)} is taken by a folder, or that of its folder by a file. Upload the file under "
        "another name, or to another folder.",
        target="fileName",
    )


def _is_taken(session: SessionClient, path: FilePath) -> bool:
    """As far as the pool can tell."""
    above = ""
    with contextlib.suppress(ConnectorError):
        for folder in path.folder.split("/")[:_MOST_FOLDERS] if path.folder else []:
            with contextlib.suppress(FileNotFound):
                session.get_file(FilePath(above, folder))
                return True
            above = joined(above, folder)
        return session.has_folder(path)
    return False
