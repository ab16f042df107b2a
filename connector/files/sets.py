"""Several files in a session: all of them are stored, or none. Only a failure that goes on may leave some, and says so.

A file that is new is simply written, and removed again when another one fails, unless another call has stored it anew.
One that replaces another cannot be removed like that, because the old one would be lost: a single one is written last,
and of several the new versions are put aside first, until all are there; then a task puts them in place. So it does
with names that the pool does not know.
"""

import contextlib
import secrets
from dataclasses import replace

from ..errors import ConnectorError, FileNotFound, PoolTimeout, PoolUnavailable
from ..executions.calls import Runs
from ..in_session.tasks import replace_files
from ..models import FilePath
from ..session_pool.sessions import SessionClient
from ..session_pool.wire import PoolFile
from .names import TRANSFERS, is_known_to_pool
from .places import not_free, stored_file
from .tasks import perform

Content = tuple[str, bytes]


def store_all(
    session: SessionClient,
    runs: Runs,
    folder: str,
    contents: list[Content],
    *,
    may_replace: bool,
) -> list[PoolFile]:
    """What was stored, in the order of `contents`; the names differ. `may_replace` is false for a new session.

    Raises SessionBusy when several files replace others while the session runs code.
    """
    if len(contents) == 1 and is_known_to_pool(contents[0][0]):
        ((name, content),) = contents
        return [stored_file(session, FilePath(folder, name), content)]
    there = {file.name for file in session.list_files(folder, recursive=False)} if may_replace else set()
    new = [name for name, _ in contents if name not in there and is_known_to_pool(name)]
    later = [name for name, _ in contents if name not in new]
    alone = later if len(later) == 1 and is_known_to_pool(later[0]) else []
    put_aside = [] if alone else later
    aside = f"{TRANSFERS}/{secrets.token_hex(16)}"
    places = {name: FilePath(folder, name) for name in (*new, *alone)}
    places |= {name: FilePath(f"{aside}/new", str(number)) for number, name in enumerate(put_aside)}
    written: list[str] = []  # what can be removed again
    stored: dict[str, PoolFile] = {}
    name = ""
    try:
        for name, content in sorted(contents, key=lambda content: content[0] in alone):
            stored[name] = replace(stored_file(session, places[name], content), name=name)
            written.append(name)
        taken = _put_in_place(session, runs, aside, folder, put_aside) if put_aside else None
        if taken is not None:
            name = taken
            raise not_free(name)
    except ConnectorError as failure:
        if isinstance(failure, PoolTimeout | PoolUnavailable) and name not in alone:
            written.append(name)  # nobody knows whether it is
        # What was put aside comes first: without the first of it, a task that the session does later does nothing.
        written.sort(key=lambda name: name not in put_aside)
        left, changed = _removed(session, {name: places[name] for name in written}, stored)
        if len(contents) > 1:
            none = f"and so none of the {len(contents)} is"
            failure.message = f"The file '{name}' was not stored, {none}. {failure.message}"
        if left:
            failure.message += f" These could not be removed again, and may be there: {', '.join(left)}."
        if changed:
            failure.message += f" These have changed meanwhile, and are left as they are: {', '.join(changed)}."
        failure.target = name
        raise
    return [stored[name] for name, _ in contents]


def _put_in_place(session: SessionClient, runs: Runs, aside: str, folder: str, names: list[str]) -> str | None:
    """`aside` has them by their numbers. The name whose place is taken, and then none is in place.

    Raises SessionBusy; then they go there later, unless they are removed.
    """
    told = perform(
        session,
        runs,
        replace_files.perform,
        {"aside": aside, "folder": folder, "names": names},
        failure="The session could not put the files in place.",
    )
    if told["areInPlace"]:
        return None
    if "taken" not in told:
        raise PoolUnavailable(
            "The session's code has removed the files before they were in place. Send them again.",
            retry_after_seconds=1,
        )
    return str(told["taken"])


def _removed(
    session: SessionClient, places: dict[str, FilePath], stored: dict[str, PoolFile]
) -> tuple[list[str], list[str]]:
    """Removes the files there that are still as this call has `stored` them. A pool in trouble is not asked again and
    again.

    The names of those that may be left, also as nobody knows whose they are; and of those that others have changed.
    """
    names = list(places)
    unknown: list[str] = []
    changed: list[str] = []
    for number, (name, place) in enumerate(places.items()):
        try:
            with contextlib.suppress(FileNotFound):
                if place.folder.startswith(f"{TRANSFERS}/"):
                    session.delete_file(place)
                    continue
                there, own = session.get_file(place), stored.get(name)
                if own is None:
                    unknown.append(name)
                elif (there.size, there.modified) != (own.size, own.modified):
                    changed.append(name)
                else:
                    session.delete_file(place)
        except ConnectorError:
            return unknown + names[number:], changed
    return unknown, changed
