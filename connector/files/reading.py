"""The bytes of a file, complete or a range of them, for GetFile and DownloadFile.

If the pool serves ranges, a range comes from the pool; otherwise a task extracts it inside the session. So a large file
is not read completely for a small range. A file whose name only sessions accept is always extracted.
"""

import contextlib
import hashlib
import secrets

from ..errors import FileNotFound, InvalidFileName, PoolUnavailable
from ..in_session.tasks import extract_range
from ..models import FileBytes, FilePath
from ..session_pool.facts import PoolFacts
from ..session_pool.sessions import SessionClient
from .listing import RANGES, fetch
from .names import is_known_to_pool
from .tasks import run_task

SMALL_BYTES = 8 << 20
"""A file up to this size is read completely, which is as fast and works in a busy session."""

_RANGE_LIFETIME_SECONDS = 600
"""Of an extracted range that was not fetched. A busy session extracts it later, for its caller's next attempt."""


def download_complete(session: SessionClient, facts: PoolFacts, path: FilePath, file: FileBytes) -> bytes:
    """`file` has the headers of the file at `path`. Raises FileNotFound, and SessionBusy for a name that only sessions
    accept.
    """
    if is_known_to_pool(path):
        with contextlib.suppress(InvalidFileName):  # this pool takes fewer names
            return session.download_file(path)
    if file.size == 0:
        return b""
    return download_range(session, facts, path, file, first=0, last=file.size - 1)


def download_range(
    session: SessionClient, facts: PoolFacts, path: FilePath, file: FileBytes, *, first: int, last: int
) -> bytes:
    """The bytes from `first` to `last`. `file` has the headers of the file at `path`.

    Raises FileNotFound, SessionBusy, and PoolUnavailable when the file has changed since its headers were read.
    """
    session = session.for_transfer(last + 1 - first)
    if is_known_to_pool(path):
        with contextlib.suppress(InvalidFileName):
            if file.size <= SMALL_BYTES:
                content = session.download_file(path)
                _check_size(len(content), file)
                return content[first : last + 1]
            served = session.download_range(path, first, last)
            if served is not None:
                _check_size(served.size, file)
                return served.content
    name = _range_name(path, file, first, last)
    with contextlib.suppress(FileNotFound):  # an earlier call may have found the session busy
        return _fetched(session, name, last + 1 - first)
    # Callers who request the same range at once share its file, which the first one takes. The others get their own.
    for extracted in (name, f"{name}-{secrets.token_hex(8)}"):
        result = run_task(
            session,
            facts,
            extract_range.perform,
            extract_range.Arguments(
                path=str(path),
                size=file.size,
                first=first,
                last=last,
                ranges_folder=RANGES,
                name=extracted,
                lifetime_seconds=_RANGE_LIFETIME_SECONDS,
            ),
            failure="The session could not extract this range; it may have no room for it. Request a smaller one.",
        )
        _check_size(result["size"], file)
        with contextlib.suppress(FileNotFound):
            return _fetched(session, extracted, last + 1 - first)
    raise PoolUnavailable(
        "The range was removed from the session before it could be read. Request it again.", retry_after_seconds=1
    )


def _range_name(path: FilePath, file: FileBytes, first: int, last: int) -> str:
    """Differs for each range of each version of each file."""
    identity = f"{path.folder}\n{path.name}\n{file.etag}\n{first}-{last}"
    return hashlib.sha256(identity.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _fetched(session: SessionClient, name: str, length: int) -> bytes:
    """The content of an extracted range, which is then deleted."""
    content = fetch(session, name)
    if len(content) != length:
        raise _changed()
    return content


def _check_size(size: int, file: FileBytes) -> None:
    if size != file.size:
        raise _changed()


def _changed() -> PoolUnavailable:
    return PoolUnavailable("The file changed while it was read. Request the range again.", retry_after_seconds=1)
