"""Finds the file that a caller names: the file itself, or the one that a listing shows under this name."""

from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

from ..errors import FileNotFound, InvalidFileName
from ..models import FilePath
from ..session_pool.errors import file_not_found
from ..session_pool.facts import PoolFacts
from ..session_pool.sessions import SessionClient
from ..session_pool.wire import PoolFile
from .listing import files_below
from .names import is_known_to_pool, is_written_like, may_be_path, path_as_name, quoted

T = TypeVar("T")


def find_file(session: SessionClient, facts: PoolFacts, path: FilePath) -> tuple[FilePath, PoolFile]:
    """The path as listings have it, and the file. One call of the pool, if the pool takes the path.

    Raises FileNotFound, SessionBusy where a task has to look for the file, and InvalidFileName for a name that several
    files are listed under.
    """
    if is_known_to_pool(path):
        try:
            return path, session.get_file(path)
        except FileNotFound:
            if str(path).isascii():
                raise
        except InvalidFileName:  # this pool takes fewer names
            pass
    files = files_below(session, facts, path.folder, recursive=False)
    found = [file for file in files if file.name == path.name]
    if not found:
        found = [file for file in files if is_written_like(file.name, path.name)]
    if not found:
        raise missing_file(path)
    if len(found) > 1:
        raise InvalidFileName(
            f"The session has {len(found)} files whose names are shown as {quoted(path.name)}. Rename them with code, "
            "for example with os.rename.",
            target="fileName",
        )
    return FilePath(found[0].directory, found[0].name), found[0]


def with_spaces(session: SessionClient, facts: PoolFacts, path: FilePath, read: Callable[[FilePath], T]) -> T:
    """`read(path)`, or, if there is no such file, that of the one file whose name is `path`'s with a plus for each
    space: so .NET's HttpUtility.UrlEncode writes them in addresses, which Semantic Kernel uses. Raises what `read`
    raises.
    """
    try:
        return read(path)
    except FileNotFound:
        if "+" not in path.name:
            raise
        names = [file.name for file in files_below(session, facts, path.folder, recursive=False)]
        written_so = [name for name in names if name.replace(" ", "+") == path.name]
        if len(written_so) != 1:
            raise
    return read(replace(path, name=written_so[0]))


def missing_file(path: FilePath) -> FileNotFound | InvalidFileName:
    """The error for a file that does not exist."""
    return path_as_name(path.name) if may_be_path(path.name) else file_not_found(path.name)
