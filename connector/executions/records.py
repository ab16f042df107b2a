"""What a session keeps of its runs, in files that any process finds: their records, and notes beside them.

Code can write there too, so that nothing is taken on trust but its form.
"""

import contextlib
from datetime import UTC, datetime, timedelta

from ..errors import ConnectorError, FileNotFound, FileTooLarge, SessionNotFound
from ..in_session import report
from ..in_session.report import Note, Progress, Record
from ..session_pool.client import SessionPoolClient

_LONGEST_RECORD = 64 << 20
_SILENT = timedelta(seconds=60)
"""A detached run tells how far it is every 5 s. The clocks of two machines may differ by some seconds."""


def has_session(pool: SessionPoolClient, session_id: str) -> bool:
    """Reading a file would make one."""
    try:
        pool.get_session(session_id)
    except SessionNotFound:
        return False
    except ConnectorError:
        return True  # a region that does not know the route
    return True


def read_record(pool: SessionPoolClient, session_id: str, execution_id: str) -> Record | None:
    """None when there is none that can be read."""
    content = _read(pool, session_id, execution_id, report.RECORD)
    return None if content is None else report.read_record(content)


def read_note(pool: SessionPoolClient, session_id: str, execution_id: str) -> Note | None:
    """None when there is none that can be read."""
    content = _read(pool, session_id, execution_id, report.NOTE)
    return None if content is None else report.read_note(content)


def read_progress(pool: SessionPoolClient, session_id: str, execution_id: str) -> tuple[Progress | None, bool]:
    """None when there is none that can be read; and whether it is so old that whoever wrote it must have ended."""
    content, modified = _read_dated(pool, session_id, execution_id, report.PROGRESS)
    is_old = modified is not None and not is_recent(modified)
    return (None if content is None else report.read_progress(content)), is_old


def is_recent(time: datetime | None, age: timedelta = _SILENT) -> bool:
    """Usually, whether it was so lately that it may have told nothing yet."""
    return time is not None and datetime.now(UTC) - time < age


def write_note(pool: SessionPoolClient, session_id: str, execution_id: str) -> None:
    """That the run was asked for now."""
    pool.upload_file(session_id, _folder(execution_id), report.NOTE, Note(datetime.now(UTC)).to_bytes())


def ask_to_cancel(pool: SessionPoolClient, session_id: str, execution_id: str) -> None:
    """Whatever watches the run finds that."""
    try:
        pool.upload_file(session_id, _folder(execution_id), report.CANCEL, b"{}")
    except FileTooLarge:  # there is no room in the session, and the run is why
        with contextlib.suppress(FileNotFound):
            pool.delete_file(session_id, _folder(execution_id), report.GOES_ON)


def is_to_be_canceled(pool: SessionPoolClient, session_id: str, execution_id: str) -> bool:
    """Somebody has asked for that, and no run has heeded it."""
    return _read(pool, session_id, execution_id, report.CANCEL) is not None


def _read(pool: SessionPoolClient, session_id: str, execution_id: str, name: str) -> bytes | None:
    return _read_dated(pool, session_id, execution_id, name)[0]


def _read_dated(
    pool: SessionPoolClient, session_id: str, execution_id: str, name: str
) -> tuple[bytes | None, datetime | None]:
    """A file's bytes and when it was written, as far as there is one. What is too long to be one is not read."""
    modified = None
    try:
        file = pool.get_file(session_id, _folder(execution_id), name)
        modified = file.modified
        if file.size > _LONGEST_RECORD:
            return None, modified
        return pool.download_file(session_id, _folder(execution_id), name), modified
    except FileNotFound:
        return None, modified


def _folder(execution_id: str) -> str:
    return f"{report.FOLDER}/{execution_id}"
