"""Several files of one upload: all of them are stored, or none.

New files are written to their paths, and deleted again when another file fails, unless another call has stored them
anew. A file that replaces another cannot be deleted like that, because the old one would be lost: a single one is
written last; several are written to a staging folder first, and moved to their paths by a task. So are files that the
pool does not take, because of their names or their folder. If the pool fails for good, some files may remain, and the
error names them.
"""

import contextlib
import secrets
from dataclasses import replace

from ..errors import ConnectorError, FileNotFound, InvalidFileName, PoolTimeout, PoolUnavailable
from ..in_session.protocol import TRANSFERS_FOLDER
from ..in_session.tasks import replace_files
from ..models import FilePath
from ..session_pool.facts import PoolFacts
from ..session_pool.sessions import SessionClient
from ..session_pool.wire import PoolFile
from .destinations import PathRefused, path_taken, store_file
from .names import is_known_to_pool, quoted
from .tasks import forged, run_task

Content = tuple[str, bytes]
"""The name of a file, and its bytes."""


def store_all(
    session: SessionClient, facts: PoolFacts, folder: str, contents: list[Content], *, may_replace: bool
) -> list[PoolFile]:
    """The stored files, in the order of `contents`, whose names differ. `may_replace` is false for a new session.

    Raises SessionBusy when the session runs code, and files replace several others or the pool does not take them.
    """
    known = {name for name, _ in contents if is_known_to_pool(FilePath(folder, name))}
    try:
        return _store_all(session, facts, folder, contents, known, may_replace)
    except PathRefused:  # this pool takes fewer names
        return _store_all(session, facts, folder, contents, set(), may_replace)


def _store_all(
    session: SessionClient, facts: PoolFacts, folder: str, contents: list[Content], known: set[str], may_replace: bool
) -> list[PoolFile]:
    """`known` are the names of files that are sent to the pool's own routes."""
    if len(contents) == 1 and known:
        ((name, content),) = contents
        return [store_file(session, FilePath(folder, name), content)]
    existing = _existing(session, folder) if may_replace and known else set()
    new = [name for name, _ in contents if name not in existing and name in known]
    replacing = [name for name, _ in contents if name not in new]
    last = replacing if len(replacing) == 1 and replacing[0] in known else []
    staged = [] if last else replacing
    staging = f"{TRANSFERS_FOLDER}/{secrets.token_hex(16)}"
    paths = {name: FilePath(folder, name) for name in (*new, *last)}
    paths |= {name: FilePath(f"{staging}/new", str(number)) for number, name in enumerate(staged)}
    written: list[str] = []  # what can be deleted again
    stored: dict[str, PoolFile] = {}
    name = ""
    try:
        for name, content in sorted(contents, key=lambda content: content[0] in last):
            stored[name] = replace(store_file(session, paths[name], content), name=name)
            written.append(name)
        taken = _move_staged(session, facts, staging, folder, staged) if staged else None
        if taken is not None:
            name = taken
            raise path_taken(name)
    except ConnectorError as failure:
        if isinstance(failure, PoolTimeout | PoolUnavailable) and name not in last:
            written.append(name)  # it may have been written
        # The staged files come first: without the first of them, a task that is performed late does nothing.
        written.sort(key=lambda name: name not in staged)
        remaining, changed = _delete(session, {name: paths[name] for name in written}, stored)
        if len(contents) > 1:
            failure.message = (
                f"The file {quoted(name)} was not stored, and therefore none of the {len(contents)}. {failure.message}"
            )
        if remaining:
            failure.message += f" These could not be deleted again, and may exist: {', '.join(remaining)}."
        if changed:
            failure.message += f" These have changed meanwhile, and are left as they are: {', '.join(changed)}."
        failure.target = name
        raise
    return [stored[name] for name, _ in contents]


def _existing(session: SessionClient, folder: str) -> set[str]:
    try:
        return {file.name for file in session.list_files(folder, recursive=False)}
    except InvalidFileName as refusal:
        raise PathRefused(refusal.message, target=refusal.target) from refusal.__cause__


def _move_staged(session: SessionClient, facts: PoolFacts, staging: str, folder: str, names: list[str]) -> str | None:
    """Moves the staged files to the folder. Returns the name whose path is taken, if one is; then none is moved.

    Raises SessionBusy; then they are moved later, unless the first of them is deleted before.
    """
    result = run_task(
        session,
        facts,
        replace_files.perform,
        replace_files.Arguments(staging_folder=staging, folder=folder, names=names),
        failure="The session could not move the files to their folder. Send them again.",
    )
    taken = result["taken"]
    if taken is not None and (result["is_complete"] or taken not in names):
        raise forged()
    if result["is_complete"] or taken is not None:
        return taken
    raise PoolUnavailable(
        "The session's code removed the files before they were stored. Send them again.", retry_after_seconds=1
    )


def _delete(
    session: SessionClient, paths: dict[str, FilePath], stored: dict[str, PoolFile]
) -> tuple[list[str], list[str]]:
    """Deletes the files that are still as this call has `stored` them.

    Returns the names of those that may remain, because it is unknown whose they are or because the pool failed, after
    which no more are deleted; and the names of those that another call has changed.
    """
    names = list(paths)
    unknown: list[str] = []
    changed: list[str] = []
    for number, (name, path) in enumerate(paths.items()):
        try:
            with contextlib.suppress(FileNotFound):
                if path.folder.startswith(f"{TRANSFERS_FOLDER}/"):
                    session.delete_file(path)
                    continue
                current, own = session.get_file(path), stored.get(name)
                if own is None:
                    unknown.append(name)
                elif (current.size, current.modified) != (own.size, own.modified):
                    changed.append(name)
                else:
                    session.delete_file(path)
        except ConnectorError:
            return unknown + names[number:], changed
    return unknown, changed
