"""What a session knows of its workspace: a file in the connector's own folder in the session.

So every instance of the app knows it, as long as the session exists. Code in the session can change it. So a mark names
one version, never any: who does not know the version of a workspace cannot replace it.
"""

import json
import re
import secrets
from dataclasses import asdict, dataclass
from typing import Any

from ..errors import FileNotFound, FileTooLarge
from ..in_session.protocol import OUTPUTS_FOLDER, TRANSFERS_FOLDER
from ..models import FilePath
from ..session_pool.sessions import SessionClient

EXCLUDED = [OUTPUTS_FOLDER, TRANSFERS_FOLDER]
"""The folders of a session that are the connector's own, and no part of its workspace."""

_PATH = FilePath(TRANSFERS_FOLDER, "workspace.json")
_MOST_BYTES = 2000
_WORKSPACE_ID = re.compile("[A-Za-z0-9_-]{1,128}")
_TEXT = re.compile("[!-~]{1,200}")


@dataclass(frozen=True)
class Mark:
    """`etag` is the version of the workspace that the session has restored or saved, None if there was none yet.
    `fingerprint` is that of its files then, as `tasks.workspace_files` makes it. `holder` differs for each session
    that gets a workspace; a version that it has saved names it.
    """

    workspace_id: str
    etag: str | None = None
    fingerprint: str | None = None
    holder: str | None = None


def new_holder() -> str:
    return secrets.token_hex(8)


def read_mark(session: SessionClient) -> Mark | None:
    """None in a session without a workspace, which must exist."""
    try:
        members = json.loads(session.download_file(_PATH, max_bytes=_MOST_BYTES))
        mark = Mark(**{name: _text(members[name]) for name in Mark.__annotations__})
    except (FileNotFound, FileTooLarge, ValueError, KeyError, TypeError, RecursionError):
        return None
    return mark if _WORKSPACE_ID.fullmatch(mark.workspace_id or "") else None


def write_mark(session: SessionClient, mark: Mark) -> None:
    """Starts the session if it does not exist."""
    session.upload_file(_PATH, json.dumps(asdict(mark)).encode())


def _text(value: Any) -> Any:
    """Text that can be a header, but not mean any version, or None. Raises TypeError otherwise."""
    if value is not None and not (isinstance(value, str) and _TEXT.fullmatch(value) and value != "*"):
        raise TypeError
    return value
