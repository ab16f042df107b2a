"""Executions that wait for their turn: a request file in an execution's folder, which the connector has uploaded."""

from __future__ import annotations

from typing import Any

from ..protocol import CANCEL, OUTPUTS_FOLDER, RECORD, REQUEST
from .host import decode, exists, in_data, join, listdir, open_file, os_stat, remove_files


def oldest_request() -> dict[str, Any] | None:
    """What to run next, as a cell asks for it; None when nothing waits."""
    waiting: list[tuple[int, str]] = []
    try:
        names = listdir(in_data(OUTPUTS_FOLDER))
    except OSError:
        return None
    for name in names:
        try:
            waiting.append((os_stat(in_data(OUTPUTS_FOLDER, name, REQUEST)).st_mtime_ns, name))
        except OSError:
            continue
    for _, name in sorted(waiting):
        folder = in_data(OUTPUTS_FOLDER, name)
        if exists(join(folder, RECORD)):  # it was started in another way
            remove_files(folder, REQUEST)
        elif not exists(join(folder, CANCEL)):
            asked = _read_request(join(folder, REQUEST))
            if asked is not None:
                return {**asked, "executionId": name}
    return None


def _read_request(path: str) -> dict[str, Any] | None:
    """None when it is no request, as when code has written it."""
    try:
        with open_file(path, "rb") as file:
            request = decode(file.read().decode())
        code, digest, seconds = request["code"], request["hash"], request["timeoutInSeconds"]
    except (OSError, ValueError, TypeError, KeyError):
        return None
    if type(code) is not str or type(digest) is not str or type(seconds) is not int:
        return None
    return {"code": code, "hash": digest, "deferredSeconds": seconds}
