"""What a session knows of its workspace: a file in the connector's own folder in the session.

So every instance of the app knows it, as long as the session exists. Code in the session can change it, to its own
disadvantage only.
"""

import json
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


@dataclass(frozen=True)
class Mark:
    """`etag` is the version of the workspace that the session has restored or saved, None if there was none yet.
    `fingerprint` is that of its files then, as `tasks.workspace_files` makes it.
    """

    workspace_id: str
    etag: str | None = None
    fingerprint: str | None = None


def read_mark(session: SessionClient) -> Mark | None:
    """None in a session without a workspace, which must exist."""
    try:
        members = json.loads(session.download_file(_PATH, max_bytes=_MOST_BYTES))
        return Mark(_text(members["workspace_id"]) or "", _text(members["etag"]), _text(members["fingerprint"]))
    except (FileNotFound, FileTooLarge, ValueError, KeyError, TypeError):
        return None


def write_mark(session: SessionClient, mark: Mark) -> None:
    """Starts the session if it does not exist."""
    session.upload_file(_PATH, json.dumps(asdict(mark)).encode())


def _text(value: Any) -> str | None:
    if not isinstance(value, str | None):
        raise TypeError
    return value
