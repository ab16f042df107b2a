"""Workspaces in storage: where one is, and what is known of it without its archive."""

from collections.abc import Mapping

from ..errors import BlobNotFound, WorkspaceNotFound
from ..models import Workspace
from ..storage.containers import Blob
from ..storage.storage import WORKSPACES, own_name
from ..transfers.transfer import Reach

ARCHIVE = "workspace.tar"
"""The name of an archive while it is in a session."""

CONTENT_TYPE = "application/x-tar"
_FILES = "connector_files"
_HOLDER = "connector_holder"


def archive_name(caller: str | None, workspace_id: str) -> str:
    """The name of the blob. Each caller has workspaces of their own."""
    return own_name(WORKSPACES, caller, f"{workspace_id}.tar")


def find_workspace(reach: Reach, workspace_id: str) -> Blob | None:
    """The caller's workspace as it is now, None if there is none. Raises StorageNotConfigured."""
    try:
        return reach.storage.require_files().get_blob(archive_name(reach.sessions.caller, workspace_id))
    except BlobNotFound:
        return None


def existing_workspace(reach: Reach, workspace_id: str) -> Blob:
    """The same. Raises WorkspaceNotFound."""
    blob = find_workspace(reach, workspace_id)
    if blob is None:
        raise workspace_not_found(workspace_id)
    return blob


def metadata(files: int, holder: str) -> Mapping[str, str]:
    """That of the blob of an archive with so many files, which the session with this mark's `holder` has saved."""
    return {_FILES: str(files), _HOLDER: holder}


def holder_of(blob: Blob) -> str | None:
    return blob.metadata.get(_HOLDER)


def workspace_of(blob: Blob, workspace_id: str, session_id: str | None = None) -> Workspace:
    """`session_id` is that of the session whose files these are."""
    files = blob.metadata.get(_FILES, "")
    return Workspace(
        workspace_id,
        blob.size,
        int(files) if files.isascii() and files.isdecimal() else 0,
        blob.last_modified,
        blob.etag,
        session_id,
    )


def workspace_not_found(workspace_id: str) -> WorkspaceNotFound:
    return WorkspaceNotFound(
        f"There is no workspace '{workspace_id}'. Save the files of a session as one first, with SaveWorkspace or with "
        "a run that names it.",
        target="workspaceId",
    )
