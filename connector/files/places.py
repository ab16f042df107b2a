"""Whether the place of a file is free: no folder stands there, and no file where its folders go."""

import contextlib

from ..errors import ConnectorError, FileNotFound, InvalidFileName
from ..models import FilePath
from ..session_pool.sessions import SessionClient
from ..session_pool.wire import PoolFile
from .names import joined

_MOST_FOLDERS = 10
"""That are looked for, each in a call."""


def stored_file(session: SessionClient, path: FilePath, content: bytes) -> PoolFile:
    """Stores it. Raises InvalidFileName, which tells of the place where that is why the pool does not take the file."""
    try:
        return session.upload_file(path, content)
    except InvalidFileName as refusal:
        if _is_taken(session, path):
            raise not_free(path.name) from refusal.__cause__
        raise


def not_free(name: str) -> InvalidFileName:
    return InvalidFileName(
        f"There is a folder '{name}' where the file goes, or a file where its folder goes. Upload it under another "
        "name, or to another folder.",
        target="fileName",
    )


def _is_taken(session: SessionClient, path: FilePath) -> bool:
    """As far as the pool tells that."""
    above = ""
    with contextlib.suppress(ConnectorError):
        for part in path.folder.split("/")[:_MOST_FOLDERS] if path.folder else []:
            with contextlib.suppress(FileNotFound):
                session.get_file(FilePath(above, part))
                return True
            above = joined(above, part)
        return session.has_folder(path)
    return False
