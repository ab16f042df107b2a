"""Whether the place of a file is free: no folder stands there, and no file where its folders go."""

import contextlib

from ..errors import ConnectorError, FileNotFound, InvalidFileName
from ..session_pool.client import SessionPoolClient
from ..session_pool.wire import PoolFile
from .names import joined

_MOST_FOLDERS = 10
"""That are looked for, each in a call."""


def stored_file(pool: SessionPoolClient, session_id: str, folder: str, name: str, content: bytes) -> PoolFile:
    """Stores it. Raises InvalidFileName, which tells of the place where that is why the pool does not take the file."""
    try:
        return pool.upload_file(session_id, folder, name, content)
    except InvalidFileName as refusal:
        if _is_taken(pool, session_id, folder, name):
            raise not_free(name) from refusal.__cause__
        raise


def not_free(name: str) -> InvalidFileName:
    return InvalidFileName(
        f"There is a folder '{name}' where the file goes, or a file where its folder goes. Upload it under another "
        "name, or to another folder.",
        target="fileName",
    )


def _is_taken(pool: SessionPoolClient, session_id: str, folder: str, name: str) -> bool:
    """As far as the pool tells that."""
    above = ""
    with contextlib.suppress(ConnectorError):
        for part in folder.split("/")[:_MOST_FOLDERS] if folder else []:
            with contextlib.suppress(FileNotFound):
                pool.get_file(session_id, above, part)
                return True
            above = joined(above, part)
        return pool.has_folder(session_id, folder, name)
    return False
