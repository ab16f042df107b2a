"""What a session keeps of its runs, in files that any process finds: their records, and notes beside them.

Code can write there too, so that nothing is taken on trust but its form.
"""

import contextlib
from datetime import UTC, datetime, timedelta

from ..errors import ConnectorError, FileNotFound, FileTooLarge, SessionNotFound
from ..in_session import report
from ..in_session.report import Note, Progress, Record
from ..models import FilePath
from ..session_pool.sessions import SessionClient

_LONGEST_RECORD = 64 << 20
_SILENT = timedelta(seconds=60)
"""A detached run tells how far it is every 5 s. The clocks of two machines may differ by some seconds."""


def has_session(session: SessionClient) -> bool:
    """Reading a file would make one."""
    try:
        session.get_session()
    except SessionNotFound:
        return False
    except ConnectorError:
        return True  # a region that does not know the route
    return True


def read_record(session: SessionClient, execution_id: str) -> Record | None:
    """None when there is none that can be read."""
    content = _read(session, execution_id, report.RECORD)
    return None if content is None else report.read_record(content)


def read_note(session: SessionClient, execution_id: str) -> Note | None:
    """None when there is none that can be read."""
    content = _read(session, execution_id, report.NOTE)
    return None if content is None else report.read_note(content)


def read_progress(session: SessionClient, execution_id: str) -> tuple[Progress | None, bool]:
    """None when there is none that can be read; and whether it is so old that whoever wrote it must have ended."""
    content, modified = _read_dated(session, execution_id, report.PROGRESS)
    is_old = modified is not None and not is_recent(modified)
    return (None if content is None else report.read_progress(content)), is_old


def is_recent(time: datetime | None, age: timedelta = _SILENT) -> bool:
    """Usually, whether it was so lately that it may have told nothing yet."""
    return time is not None and datetime.now(UTC) - time < age


def write_note(session: SessionClient, execution_id: str) -> None:
    """That the run was asked for now."""
    session.upload_file(_path(execution_id, report.NOTE), Note(datetime.now(UTC)).to_bytes())


def ask_to_cancel(session: SessionClient, execution_id: str) -> None:
    """Whatever watches the run finds that."""
    try:
        session.upload_file(_path(execution_id, report.CANCEL), b"{}")
    except FileTooLarge:  # there is no room in the session, and the run is why
        with contextlib.suppress(FileNotFound):
            session.delete_file(_path(execution_id, report.GOES_ON))


def is_to_be_canceled(session: SessionClient, execution_id: str) -> bool:
    """Somebody has asked for that, and no run has heeded it."""
    return _read(session, execution_id, report.CANCEL) is not None


def _read(session: SessionClient, execution_id: str, name: str) -> bytes | None:
    return _read_dated(session, execution_id, name)[0]


def _read_dated(session: SessionClient, execution_id: str, name: str) -> tuple[bytes | None, datetime | None]:
    """A file's bytes and when it was written, as far as there is one. What is too long to be one is not read."""
    modified = None
    try:
        file = session.get_file(_path(execution_id, name))
        modified = file.modified
        if file.size > _LONGEST_RECORD:
            return None, modified
        return session.download_file(_path(execution_id, name)), modified
    except FileNotFound:
        return None, modified


def _path(execution_id: str, name: str) -> FilePath:
    return FilePath(f"{report.FOLDER}/{execution_id}", name)
