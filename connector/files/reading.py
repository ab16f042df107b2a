"""A part of a file, for DownloadFile: from a pool that gives parts as it is, else cut out inside the session.

A part costs a part: a large file is never read as a whole for one. A file whose name the pool does not know is cut out
as a whole.
"""

import contextlib
import hashlib
import secrets

from ..errors import FileNotFound, PoolUnavailable
from ..executions.calls import Runs
from ..in_session.tasks import extract_range
from ..models import FileBytes, FilePath
from ..session_pool.sessions import SessionClient
from .names import TRANSFERS, is_known_to_pool
from .tasks import perform

_SMALL_BYTES = 8 << 20
"""A file up to here is read whole, which needs nothing of its session and is as fast."""

_CUTS = f"{TRANSFERS}/cuts"
_CUT_LIFETIME_SECONDS = 600
"""Of a part that nobody has fetched. A busy session makes it later, and it waits for its caller to come back."""


def download_whole(session: SessionClient, runs: Runs, path: FilePath, file: FileBytes) -> bytes:
    """All bytes of the file with these headers. Raises FileNotFound, and SessionBusy for a name of sessions alone."""
    if is_known_to_pool(path.name):
        return session.download_file(path)
    if file.size == 0:
        return b""
    return download_range(session, runs, path, file, first=0, last=file.size - 1)


def download_range(
    session: SessionClient, runs: Runs, path: FilePath, file: FileBytes, *, first: int, last: int
) -> bytes:
    """The bytes from `first` to `last` of the file with these headers. Raises FileNotFound, and SessionBusy."""
    if is_known_to_pool(path.name):
        if file.size <= _SMALL_BYTES:
            content = session.download_file(path)
            _check_size(len(content), file)
            return content[first : last + 1]
        part = session.download_range(path, first, last)
        if part is not None:
            _check_size(part.size, file)
            return part.content
    cut = _cut_name(file, path, first, last)
    with contextlib.suppress(FileNotFound):  # as after a call that found the session busy
        return _fetched(session, cut, last + 1 - first)
    # Callers who ask for the same part at once have one cut, which the first takes. The others get one of their own.
    for name in (cut, f"{cut}-{secrets.token_hex(8)}"):
        told = perform(
            session,
            runs,
            extract_range.perform,
            {
                "file": str(path),
                "size": file.size,
                "first": first,
                "last": last,
                "cuts": _CUTS,
                "name": name,
                "lifetime": _CUT_LIFETIME_SECONDS,
            },
            failure="The session could not cut out this part; it may have no room for it. Ask for a smaller one.",
        )
        _check_size(told["size"], file)
        with contextlib.suppress(FileNotFound):
            return _fetched(session, name, last + 1 - first)
    raise PoolUnavailable(
        "The part was removed from the session before it could be read. Ask for it again.", retry_after_seconds=1
    )


def _cut_name(file: FileBytes, path: FilePath, first: int, last: int) -> str:
    """Another one for each part of each version of each file."""
    told = f"{path.folder}\n{path.name}\n{file.etag}\n{first}-{last}"
    return hashlib.sha256(told.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _fetched(session: SessionClient, cut: str, length: int) -> bytes:
    content = session.download_file(FilePath(_CUTS, cut))
    with contextlib.suppress(FileNotFound):
        session.delete_file(FilePath(_CUTS, cut))
    if len(content) != length:
        raise _changed()
    return content


def _check_size(size: int, file: FileBytes) -> None:
    if size != file.size:
        raise _changed()


def _changed() -> PoolUnavailable:
    return PoolUnavailable("The file changed while it was read. Ask for the part again.", retry_after_seconds=1)
