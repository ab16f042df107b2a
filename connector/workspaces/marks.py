"""What a session knows of its workspace: a file in the connector's own folder in the session.

So every instance of the app knows it, as long as the session exists. Code in the session can change it. So a mark names
one version, never any: who does not know the version of a workspace cannot replace it.
"""

import json
import re
from dataclasses import asdict, dataclass

from ..errors import FileNotFound, FileTooLarge
from ..in_session.protocol import OUTPUTS_FOLDER, TRANSFERS_FOLDER
from ..in_session.session_json import optional_text, read_object, text
from ..models import FilePath
from ..session_pool.sessions import SessionClient

EXCLUDED = [OUTPUTS_FOLDER, TRANSFERS_FOLDER]
"""The folders of a session that are the connector's own, and no part of its workspace."""

_PATH = FilePath(TRANSFERS_FOLDER, "workspace.json")
_MOST_BYTES = 2000
_WORKSPACE_ID = re.compile(r"[A-Za-z0-9_-]{1,128}")


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
        members = read_object(session.download_file(_PATH, max_bytes=_MOST_BYTES)) or {}
        mark = Mark(
            text(members.get("workspace_id")),
            optional_text(members.get("etag")),
            optional_text(members.get("fingerprint")),
        )
    except (FileNotFound, FileTooLarge, TypeError):
        return None
    return mark if _WORKSPACE_ID.fullmatch(mark.workspace_id) and mark.etag not in ("*", "") else None


def write_mark(session: SessionClient, mark: Mark) -> None:
    """Starts the session if it does not exist."""
    session.upload_file(_PATH, json.dumps(asdict(mark)).encode())
