"""What a session keeps of its runs, in files that any process finds: a note that one was asked for, and its record.

Code can write there too, so that nothing is taken on trust but its form.
"""

from ..errors import ConnectorError, FileNotFound, SessionNotFound
from ..harness import report
from ..harness.report import Note, Record
from ..session_pool import SessionPoolClient

_LONGEST_RECORD = 64 << 20


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


def write_note(pool: SessionPoolClient, session_id: str, execution_id: str, note: Note) -> None:
    """In place of an earlier one."""
    pool.upload_file(session_id, _folder(execution_id), report.NOTE, note.to_bytes())


def _read(pool: SessionPoolClient, session_id: str, execution_id: str, name: str) -> bytes | None:
    """What is too long to be one is not read."""
    try:
        if pool.get_file(session_id, _folder(execution_id), name).size > _LONGEST_RECORD:
            return None
        return pool.download_file(session_id, _folder(execution_id), name)
    except FileNotFound:
        return None


def _folder(execution_id: str) -> str:
    return f"{report.FOLDER}/{execution_id}"
