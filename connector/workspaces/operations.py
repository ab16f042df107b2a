"""SaveWorkspace, RestoreWorkspace, GetWorkspace and DeleteWorkspace."""

from ..errors import BlobNotFound
from ..models import Workspace
from ..transfers.to_blob import existing_session
from ..transfers.transfer import Reach
from .archives import archive_name, existing_workspace, workspace_not_found, workspace_of
from .marks import Mark, read_mark
from .restoring import Restore, begin_restore
from .saving import Save, begin_save


def save_workspace(reach: Reach, *, workspace_id: str, session_id: str, e_tag: str | None = None) -> Save:
    """Replaces the version `e_tag`, any with `*`, or by default the one that the session has restored or saved last.

    Raises SessionNotFound and StorageNotConfigured.
    """
    reach.storage.require_files()
    session = existing_session(reach, session_id)
    if e_tag is not None:
        return begin_save(session.id, Mark(workspace_id, e_tag))
    mark = read_mark(session)
    return begin_save(
        session.id, mark if mark is not None and mark.workspace_id == workspace_id else Mark(workspace_id)
    )


def restore_workspace(reach: Reach, *, workspace_id: str, session_id: str | None = None) -> Restore:
    """Raises what `begin_restore` raises."""
    return begin_restore(reach, workspace_id, session_id)


def get_workspace(reach: Reach, *, workspace_id: str) -> Workspace:
    """Raises WorkspaceNotFound and StorageNotConfigured."""
    return workspace_of(existing_workspace(reach, workspace_id), workspace_id)


def delete_workspace(reach: Reach, *, workspace_id: str) -> None:
    """Raises WorkspaceNotFound and StorageNotConfigured."""
    try:
        reach.storage.require_files().delete(archive_name(reach.sessions.caller, workspace_id))
    except BlobNotFound:
        raise workspace_not_found(workspace_id) from None
