"""A workspace around a run or an upload: restored when the session is new, saved when files have changed."""

import contextlib
import math
import time
from dataclasses import replace
from typing import Any

from ..callers.session_ids import keyed_session_id
from ..errors import ConnectorError, FileTooLarge, InvalidRequest, SessionBusy
from ..executions import operations as executions
from ..executions.notices import with_notice
from ..models import Execution, Files, TransferProgress, UsedWorkspace
from ..outbound.deadlines import Deadline
from ..session_pool.sessions import CallerSessions
from ..transfers.to_blob import existing_session
from ..transfers.transfer import Reach
from .archives import find_workspace
from .marks import Mark, new_holder, read_mark, write_mark
from .restoring import begin_restore
from .saving import begin_save

_COPY_SECONDS = 30.0
"""For restoring, and for saving, of an operation whose caller waits for less."""

_MARGIN_SECONDS = 10.0
"""How much longer than its caller's wait an operation may take."""

_LONGEST_RUN_SECONDS = 200.0
"""From the beginning of the request until the end of its caller's wait."""


def execute_python_code(reach: Reach, *, workspace_id: str | None = None, **arguments: Any) -> Execution:
    """ExecutePythonCode with the other `arguments`; with a workspace, around the run. Raises what `before` raises."""
    if workspace_id is None:
        return executions.execute_python_code(reach.sessions, reach.facts, **arguments)
    wait_seconds = arguments["wait_in_seconds"]
    used, sessions = before(reach, arguments, workspace_id)
    execution = executions.execute_python_code(sessions, reach.facts, **arguments)
    return after(reach, execution, used, wait_seconds)


def before(reach: Reach, arguments: dict[str, Any], workspace_id: str) -> tuple[UsedWorkspace, CallerSessions]:
    """To be called before the run or upload with these `arguments`, which get the ID of the session, and what is left
    of the wait. If the session is new, the files of the workspace are in it after this.

    Returns the sessions for the run or upload: the time that it may take begins after this. Raises what `_prepare`
    raises.
    """
    began = time.monotonic()
    reach.storage.require_files()
    if arguments.get("session_id") is None:
        key = arguments.get("idempotency_key")
        arguments["session_id"] = reach.sessions.mint_session_id() if key is None else keyed_session_id(key)
    wait_seconds = arguments.get("wait_in_seconds", _COPY_SECONDS)
    until = reach.until(max(wait_seconds, _COPY_SECONDS))
    used = _prepare(reach, workspace_id=workspace_id, session_id=arguments["session_id"], until=until)
    taken = time.monotonic() - began
    if taken > 1 and "wait_in_seconds" in arguments:
        arguments["wait_in_seconds"] = max(0, math.ceil(min(wait_seconds, _LONGEST_RUN_SECONDS) - taken))
    deadline = reach.deadline
    return used, replace(reach.sessions, deadline=Deadline.after(deadline.at - deadline.began))


def after(reach: Reach, execution: Execution, used: UsedWorkspace, wait_seconds: float = _COPY_SECONDS) -> Execution:
    """The execution with what became of its workspace. Only one that has ended is saved: later calls save the others.

    If the files could not be saved, the notice states why. The result of a run is never lost for that.
    """
    if execution.status != "Running":
        until = reach.until(max(wait_seconds + _MARGIN_SECONDS, _COPY_SECONDS))
        try:
            used = _save(reach, used, session_id=execution.session_id, until=until)
        except ConnectorError as failure:
            notice = f"The files were not saved as a workspace: {failure.message}"
            return with_notice(replace(execution, workspace=used), notice)
    return replace(execution, workspace=used)


def after_earlier(reach: Reach, execution: Execution) -> Execution:
    """The same for a run that an earlier call has begun, whose workspace, if it has one, the session knows."""
    if reach.storage.files is None or execution.status == "Running":
        return execution
    with contextlib.suppress(ConnectorError):
        mark = read_mark(reach.sessions.session(execution.session_id))
        if mark is not None:
            return after(reach, execution, used_before(mark.workspace_id))
    return execution


def used_before(workspace_id: str) -> UsedWorkspace:
    """The workspace of a run that an earlier call has begun."""
    return UsedWorkspace(workspace_id, is_restored=False, is_saved=False)


def after_upload(reach: Reach, files: Files, used: UsedWorkspace) -> Files:
    """The files with their workspace, which is saved. Raises what saving raises: the upload can be sent again."""
    saved = _save(reach, used, session_id=files.session_id, until=reach.until(_COPY_SECONDS))
    return replace(files, workspace=saved)


def _prepare(reach: Reach, *, workspace_id: str, session_id: str, until: float) -> UsedWorkspace:
    """After this, the files of the workspace are in the session, if it is new.

    If it fails, a new session has been ended, unless another call uses it: then that is SessionBusy. Raises
    InvalidRequest if the session is not new and has another workspace, or does not have the files of this one;
    FileTooLarge if restoring takes longer than `until`, a moment of the monotonic clock; and what `begin_restore`
    raises.
    """
    reach = reach.within_part()
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
        if find_workspace(reach, workspace_id) is not None:
            raise InvalidRequest(
                f"The session was in use before, so the files of the workspace '{workspace_id}' are not in it. Send "
                "the workspace ID with the first call of a session, or call RestoreWorkspace before this.",
                target="workspaceId",
            )
        write_mark(session, Mark(workspace_id, holder=new_holder()))
        return UsedWorkspace(workspace_id, is_restored=False, is_saved=False)
    try:
        if find_workspace(reach, workspace_id) is None:
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
    except SessionBusy:  # another call has come first: the session is its own
        raise
    except ConnectorError:
        with contextlib.suppress(ConnectorError):
            reach.within_part().sessions.session(session_id).end_session()
        raise
    return UsedWorkspace(workspace_id, is_restored=True, is_saved=False, e_tag=restored.e_tag)


def _save(reach: Reach, used: UsedWorkspace, *, session_id: str, until: float) -> UsedWorkspace:
    """Saves the session's files if they have changed since the workspace was restored or saved.

    Raises FileTooLarge if that takes longer than `until`, SessionNotFound, and what saving raises.
    """
    if time.monotonic() > reach.until(math.inf):
        raise _too_late("There was no time left to save the files.")
    session = existing_session(reach.within_part(), session_id)
    mark = read_mark(session)
    if mark is None or mark.workspace_id != used.workspace_id:
        mark = Mark(used.workspace_id, used.e_tag)
    transfer = begin_save(session_id, mark, unless=mark.fingerprint if mark.etag is not None else None)
    saved = transfer.advance(reach, until)
    if isinstance(saved, TransferProgress):
        with contextlib.suppress(ConnectorError):
            transfer.cancel(reach)
        raise _too_late("Saving the files takes longer than this call waits.")
    return replace(used, is_saved=True, e_tag=mark.etag if saved is None else saved.e_tag)


def _too_late(problem: str) -> FileTooLarge:
    return FileTooLarge(f"{problem} Save them with SaveWorkspace, whose response can be polled.", target="workspaceId")
