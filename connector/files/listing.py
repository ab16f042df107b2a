"""What is in a folder of a session, also in one that the pool does not list.

The pool lists the folders that it takes, and, where a version lists recursively, everything below these. The rest is
listed by a task inside the session.
"""

import contextlib
import secrets
from dataclasses import replace
from typing import Any

from ..errors import ConnectorError, FileNotFound, FileTooLarge, InvalidFileName, PoolUnavailable
from ..in_session.protocol import TRANSFERS_FOLDER
from ..in_session.session_json import MOST_BYTES, items, read_value, text, time
from ..in_session.tasks import list_folders
from ..models import FilePath
from ..session_pool.facts import PoolFacts
from ..session_pool.listings import MOST_FILES, too_many_files
from ..session_pool.sessions import SessionClient
from ..session_pool.wire import PoolFile
from .names import is_known_folder, is_written_like, joined
from .tasks import forged, run_task

RANGES = f"{TRANSFERS_FOLDER}/ranges"
"""The folder of what tasks write for the connector to fetch. What was not fetched is removed after some minutes."""

_VALUES_OF_FILE = 4
_LONGEST_PATH = 20_000
"""Characters. Some file systems take deep folders whose paths are longer than their limit for a path."""


def files_below(session: SessionClient, facts: PoolFacts, folder: str, *, recursive: bool) -> list[PoolFile]:
    """The files in a folder, with `recursive` also those below, and their directories relative to /mnt/data.

    Empty if there is no such folder. Raises SessionBusy where a task has to list it.
    """
    if is_known_folder(folder):
        with contextlib.suppress(InvalidFileName):  # this pool takes fewer names
            refused: list[str] = []
            found = _moved(session.list_files(folder, recursive=recursive, refused=refused), folder)
            if refused:
                found += _listed_by_task(session, facts, [joined(folder, below) for below in refused], recursive=True)
            if found or folder.isascii():
                return found
    # The folder's name may be written in another form. Without accents, that cannot be.
    if not session.pool.wire.lists_recursively:
        return _listed_by_task(session, facts, [folder], recursive=recursive)
    above = folder.rpartition("/")[0]
    while above and not (above.isascii() and is_known_folder(above)):
        above = above.rpartition("/")[0]
    listed = _moved(session.list_files(above, recursive=True), above)
    inside = [file for file in listed if _is_in(file.directory, folder, recursive)]
    return inside or [file for file in listed if _is_in(file.directory, folder, recursive, is_same=is_written_like)]


def _moved(files: list[PoolFile], folder: str) -> list[PoolFile]:
    return [replace(file, directory=joined(folder, file.directory)) for file in files]


def _is_in(directory: str, folder: str, recursive: bool, is_same: Any = str.__eq__) -> bool:
    steps = folder.split("/")
    own = directory.split("/")
    return (recursive or len(own) == len(steps)) and is_same("/".join(own[: len(steps)]), folder)


def _listed_by_task(session: SessionClient, facts: PoolFacts, folders: list[str], *, recursive: bool) -> list[PoolFile]:
    name = secrets.token_hex(16)
    run_task(
        session,
        facts,
        list_folders.perform,
        list_folders.Arguments(folders=folders, recursive=recursive, ranges_folder=RANGES, name=name),
        failure="The session could not list this folder; it may have no room. Delete files, or use another session.",
    )
    try:
        content = fetch(session, name, MOST_BYTES)
    except FileNotFound:
        raise PoolUnavailable(
            "The session's code removed the listing before it could be read. Try again.", retry_after_seconds=1
        ) from None
    except FileTooLarge:
        raise too_many_files() from None
    listed = read_value(content, _VALUES_OF_FILE * MOST_FILES)
    if not isinstance(listed, list):
        raise forged()
    if len(listed) > MOST_FILES:
        raise too_many_files()
    return [_listed_file(item) for item in listed]


def fetch(session: SessionClient, name: str, max_bytes: int) -> bytes:
    """What a task has written to the file `name` of RANGES, which is then deleted. Raises FileNotFound, and
    FileTooLarge for more than `max_bytes`.
    """
    path = FilePath(RANGES, name)
    content: bytes | None = None
    with contextlib.suppress(FileTooLarge):
        content = session.download_file(path, max_bytes=max_bytes)
    with contextlib.suppress(ConnectorError):
        session.delete_file(path)
    if content is None:
        raise FileTooLarge(f"The session's file has more than {max_bytes:,} bytes. Try again.")
    return content


def _listed_file(item: Any) -> PoolFile:
    """Raises PoolRejected for one that the task cannot have listed."""
    try:
        path, size, modified = items(item, 3)
        directory, _, name = text(path, _LONGEST_PATH).rpartition("/")
        if {"", ".", ".."}.intersection(path.split("/")):
            raise ValueError
        return PoolFile(name, directory, int(size), time(modified))
    except (TypeError, ValueError):
        raise forged() from None
