"""`workspaceId` of runs and uploads: the workspace is restored before, and saved after them."""

import dataclasses
import time
from typing import Any

from ..callers.session_ids import keyed_session_id
from ..models import Execution, Files, UsedWorkspace
from ..workspaces import runs
from .context import Context
from .transfers import reach_of

_SAVE_SECONDS = 30.0
"""For an operation whose caller does not wait for a run."""

_MARGIN_SECONDS = 10.0
_LONGEST_SECONDS = 200.0


def before(context: Context, arguments: dict[str, Any], workspace_id: str | None) -> UsedWorkspace | None:
    """Restores the workspace, if the session is new. `arguments` are those of the run or upload, and get the ID of the
    session. Does nothing without a workspace.
    """
    if workspace_id is None:
        return None
    reach = reach_of(context)
    reach.storage.require_files()
    if arguments.get("session_id") is None:
        key = arguments.get("idempotency_key")
        arguments["session_id"] = context.sessions.mint_session_id() if key is None else keyed_session_id(key)
    until = _until(context, arguments.get("wait_in_seconds", _SAVE_SECONDS))
    return runs.prepare(reach, workspace_id=workspace_id, session_id=arguments["session_id"], until=until)


def used_before(workspace_id: str | None) -> UsedWorkspace | None:
    """The workspace of a run that an earlier call has begun."""
    return None if workspace_id is None else UsedWorkspace(workspace_id, is_restored=False, is_saved=False)


def after(
    context: Context, execution: Execution, used: UsedWorkspace | None, wait_seconds: float = _SAVE_SECONDS
) -> Execution:
    """The execution with its workspace, which is saved if the run has ended and files have changed."""
    if used is None:
        return execution
    until = _until(context, max(wait_seconds + _MARGIN_SECONDS, _SAVE_SECONDS))
    return runs.with_saved(reach_of(context), execution, used, until=until)


def after_upload(context: Context, files: Files, used: UsedWorkspace | None) -> Files:
    """The files with their workspace, which is saved. Raises what saving raises: the upload can be sent again."""
    if used is None:
        return files
    saved = runs.save(reach_of(context), used, session_id=files.session_id, until=_until(context, _SAVE_SECONDS))
    return dataclasses.replace(files, workspace=saved)


def _until(context: Context, seconds: float) -> float:
    """So many seconds after the request began."""
    deadline = context.sessions.deadline
    began = time.monotonic() if deadline is None else deadline.began
    return began + min(seconds, _LONGEST_SECONDS)
