"""Several files in a session: all of them are stored, or none. Only a failure that goes on may leave some, and says so.

A file that is new is simply written, and removed again when another one fails. One that replaces another cannot be
removed like that, because the old one would be lost: a single one is written last, and of several the new versions are
put aside first, until all are there; then a task puts them in place.
"""

import contextlib
import secrets

from ..errors import ConnectorError, FileNotFound, InvalidFileName, PoolTimeout, PoolUnavailable
from ..pool_wire import PoolFile
from ..session_pool import SessionPoolClient
from .calls import Runs
from .file_names import TRANSFERS
from .tasks import TaskFailed, perform

Content = tuple[str, bytes]


def store_all(
    pool: SessionPoolClient,
    runs: Runs,
    session_id: str,
    folder: str,
    contents: list[Content],
    *,
    may_replace: bool,
) -> list[PoolFile]:
    """What was stored, in the order of `contents`; the names differ. `may_replace` is false for a new session.

    Raises SessionBusy when several files replace others while the session runs code.
    """
    if len(contents) == 1:
        ((name, content),) = contents
        return [pool.upload_file(session_id, folder, name, content)]
    there = {file.name for file in pool.list_files(session_id, folder, recursive=False)} if may_replace else set()
    replacing = [content for content in contents if content[0] in there]
    new = [content for content in contents if content[0] not in there]
    aside = f"{TRANSFERS}/{secrets.token_hex(16)}"
    written: list[tuple[str, str]] = []  # (folder, name) of what can be removed again
    stored: dict[str, PoolFile] = {}
    first_place = folder if len(replacing) == 1 else f"{aside}/new"
    name = place = ""
    try:
        for (name, content), place in [(one, folder) for one in new] + [(one, first_place) for one in replacing]:
            stored[name] = pool.upload_file(session_id, place, name, content)
            written.append((place, name))
        if len(replacing) > 1:
            _put_in_place(pool, runs, session_id, aside, folder, [name for name, _ in replacing])
    except ConnectorError as failure:
        if isinstance(failure, PoolTimeout | PoolUnavailable) and name not in there:
            written.append((place, name))  # nobody knows whether it is
        left = _removed(pool, session_id, written)
        failure.message = f"The file '{name}' was not stored, and so none of the {len(contents)} is. {failure.message}"
        if left:
            failure.message += f" These could not be removed again, and may be there: {', '.join(left)}."
        failure.target = name
        raise
    return [stored[name] for name, _ in contents]


def _put_in_place(
    pool: SessionPoolClient, runs: Runs, session_id: str, aside: str, folder: str, names: list[str]
) -> None:
    """Raises SessionBusy; then the files are put there later, unless they have been removed until then."""
    try:
        told = perform(pool, runs, session_id, "replace_files", {"aside": aside, "folder": folder, "names": names})
    except TaskFailed as failure:
        raise PoolUnavailable("The session could not put the files in place.", retry_after_seconds=5) from failure
    if not told["areInPlace"]:
        raise InvalidFileName(
            "There is a folder of one of these names, or the session's code has moved the files. Look with ListFiles."
        )


def _removed(pool: SessionPoolClient, session_id: str, written: list[tuple[str, str]]) -> list[str]:
    """Removes them; the names of those that may still be there. A pool in trouble is not asked again and again."""
    for number, (folder, name) in enumerate(written):
        try:
            with contextlib.suppress(FileNotFound):
                pool.delete_file(session_id, folder, name)
        except ConnectorError:
            return [name for _, name in written[number:]]
    return []
