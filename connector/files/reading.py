"""A part of a file, for DownloadFile: from a pool that gives parts as it is, else cut out inside the session.

A part costs a part: a large file is never read as a whole for one. A file whose name the pool does not know is cut out
as a whole.
"""

import contextlib
import hashlib
import secrets

from ..callers.session_ids import check_session_id
from ..errors import FileNotFound, PoolUnavailable
from ..executions.calls import Runs
from ..models import FileBytes
from ..session_pool.client import SessionPoolClient
from .names import TRANSFERS, checked_folder, checked_name, is_known_to_pool, joined
from .tasks import perform

_SMALL_BYTES = 8 << 20
"""A file up to here is read whole, which needs nothing of its session and is as fast."""

_CUTS = f"{TRANSFERS}/cuts"
_CUT_LIFETIME_SECONDS = 600
"""Of a part that nobody has fetched. A busy session makes it later, and it waits for its caller to come back."""


def download_whole(
    pool: SessionPoolClient, runs: Runs, *, file: FileBytes, session_id: str, file_name: str, folder: str = ""
) -> bytes:
    """All bytes of the file with these headers. Raises FileNotFound, and SessionBusy for a name of sessions alone."""
    if is_known_to_pool(file_name):
        return pool.download_file(check_session_id(session_id), checked_folder(folder), checked_name(file_name))
    if file.size == 0:
        return b""
    return download_part(
        pool,
        runs,
        file=file,
        session_id=session_id,
        file_name=file_name,
        first=0,
        last=file.size - 1,
        folder=folder,
    )


def download_part(
    pool: SessionPoolClient,
    runs: Runs,
    *,
    file: FileBytes,
    session_id: str,
    file_name: str,
    first: int,
    last: int,
    folder: str = "",
) -> bytes:
    """The bytes from `first` to `last` of the file with these headers. Raises FileNotFound, and SessionBusy."""
    session_id, folder = check_session_id(session_id), checked_folder(folder)
    if is_known_to_pool(checked_name(file_name)):
        if file.size <= _SMALL_BYTES:
            content = pool.download_file(session_id, folder, file_name)
            _check_size(len(content), file)
            return content[first : last + 1]
        part = pool.download_part(session_id, folder, file_name, first, last)
        if part is not None:
            _check_size(part.size, file)
            return part.content
    cut = _cut_name(file, folder, first, last)
    with contextlib.suppress(FileNotFound):  # as after a call that found the session busy
        return _fetched(pool, session_id, cut, last + 1 - first)
    # Callers who ask for the same part at once have one cut, which the first takes. The others get one of their own.
    for name in (cut, f"{cut}-{secrets.token_hex(8)}"):
        told = perform(
            pool,
            runs,
            session_id,
            "extract_range",
            {
                "file": joined(folder, file_name),
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
            return _fetched(pool, session_id, name, last + 1 - first)
    raise PoolUnavailable(
        "The part was removed from the session before it could be read. Ask for it again.", retry_after_seconds=1
    )


def _cut_name(file: FileBytes, folder: str, first: int, last: int) -> str:
    """Another one for each part of each version of each file."""
    told = f"{folder}\n{file.file_name}\n{file.etag}\n{first}-{last}"
    return hashlib.sha256(told.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _fetched(pool: SessionPoolClient, session_id: str, cut: str, length: int) -> bytes:
    content = pool.download_file(session_id, _CUTS, cut)
    with contextlib.suppress(FileNotFound):
        pool.delete_file(session_id, _CUTS, cut)
    if len(content) != length:
        raise _changed()
    return content


def _check_size(size: int, file: FileBytes) -> None:
    if size != file.size:
        raise _changed()


def _changed() -> PoolUnavailable:
    return PoolUnavailable("The file changed while it was read. Ask for the part again.", retry_after_seconds=1)
