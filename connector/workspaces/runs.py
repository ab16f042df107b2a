"""A workspace around a run or an upload: restored when the session is new, saved when files have changed."""

import contextlib
import time
from dataclasses import replace

from ..errors import BlobNotFound, ConnectorError, FileTooLarge, InvalidRequest, SessionNotFound
from ..executions.notices import with_notice
from ..models import Execution, TransferProgress, UsedWorkspace
from ..transfers.transfer import Reach
from .archives import archive_name
from .marks import Mark, new_holder, read_mark, write_mark
from .restoring import begin_restore
from .saving import begin_save


def prepare(reach: Reach, *, workspace_id: str, session_id: str, until: float) -> UsedWorkspace:
    """To be called before the run or upload, which takes place in this session. If the session is new, the files of
    the workspace are in it after this.

    If it fails, a new session has been ended. Raises InvalidRequest if the session is not new and has another
    workspace, or does not have the files of this one; FileTooLarge if restoring takes longer than `until`, a moment of
    the monotonic clock; and what `begin_restore` raises, except WorkspaceNotFound.
    """
    reach.storage.require_files()
    session = reach.sessions.session(session_id)
    if session.exists():
        mark = read_mark(session)
        if mark is not None and mark.workspace_id != workspace_id:
            raise InvalidRequest(
                f"The session has the files of the workspace '{mark.workspace_id}'. Use another session, or leave the "
                "session ID empty.",
                target="workspaceId",
            )
        if mark is not None:
            return UsedWorkspace(workspace_id, is_restored=False, is_saved=False, e_tag=mark.etag)
        if _exists(reach, workspace_id):
            raise InvalidRequest(
                f"The session was in use before, so the files of the workspace '{workspace_id}' are not in it. Send "
                "the workspace ID with the first call of a session, or call RestoreWorkspace before this.",
                target="workspaceId",
            )
        write_mark(session, Mark(workspace_id, holder=new_holder()))
        return UsedWorkspace(workspace_id, is_restored=False, is_saved=False)
    try:
        if not _exists(reach, workspace_id):
            write_mark(session, Mark(workspace_id, holder=new_holder()))
            return UsedWorkspace(workspace_id, is_restored=False, is_saved=False)
        restore = begin_restore(reach, workspace_id, session_id)
        restored = restore.advance(reach, until)
        if isinstance(restored, TransferProgress):
            raise FileTooLarge(
                f"The workspace '{workspace_id}' is too large to be restored within this call. Restore it with "
                "RestoreWorkspace first, and send the session ID that it returns.",
                target="workspaceId",
            )
    except ConnectorError:
        with contextlib.suppress(ConnectorError):
            session.end_session()
        raise
    return UsedWorkspace(workspace_id, is_restored=True, is_saved=False, e_tag=restored.e_tag)


def save(reach: Reach, used: UsedWorkspace, *, session_id: str, until: float) -> UsedWorkspace:
    """Saves the session's files if they have changed since the workspace was restored or saved.

    Raises FileTooLarge if that takes longer than `until`, SessionNotFound, and what saving raises.
    """
    session = reach.sessions.session(session_id)
    if not session.exists():
        raise SessionNotFound(
            "The session has ended, so that its files could not be saved as a workspace.", target="sessionId"
        )
    mark = read_mark(session)
    if mark is None or mark.workspace_id != used.workspace_id:
        mark = Mark(used.workspace_id, used.e_tag)
    transfer = begin_save(session_id, mark, unless=mark.fingerprint if mark.etag is not None else None)
    saved = transfer.advance(reach, until)
    if isinstance(saved, TransferProgress):
        with contextlib.suppress(ConnectorError):
            transfer.cancel(reach)
        raise FileTooLarge(
            "The files are too large to be saved as a workspace within this call. Save them with SaveWorkspace.",
            target="workspaceId",
        )
    return replace(used, is_saved=True, e_tag=mark.etag if saved is None else saved.e_tag)


def with_saved(reach: Reach, execution: Execution, used: UsedWorkspace, *, until: float) -> Execution:
    """The execution with what became of its workspace. Only one that has ended is saved: later calls save the others.

    If the files could not be saved, the notice states why. The result of a run is never lost for that.
    """
    if execution.status == "Running":
        return replace(execution, workspace=used)
    try:
        used = save(reach, used, session_id=execution.session_id, until=max(until, time.monotonic()))
    except ConnectorError as failure:
        return with_notice(
            replace(execution, workspace=used), f"The files were not saved as a workspace: {failure.message}"
        )
    return replace(execution, workspace=used)


def _exists(reach: Reach, workspace_id: str) -> bool:
    try:
        reach.storage.require_files().get_blob(archive_name(reach.sessions.caller, workspace_id))
    except BlobNotFound:
        return False
    return True
