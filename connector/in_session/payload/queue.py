"""Queued executions: each has a request file in its folder, which the connector has uploaded."""

from __future__ import annotations

from typing import Any

from ..protocol import CANCEL, OUTPUTS_FOLDER, RECORD, REQUEST
from .host import decode, exists, in_data, join, listdir, open_file, os_stat, remove_files


def oldest_request() -> dict[str, Any] | None:
    """The request to run next, in the form that a cell has. None if no execution is queued."""
    queued: list[tuple[int, str]] = []
    try:
        names = listdir(in_data(OUTPUTS_FOLDER))
    except OSError:
        return None
    for name in names:
        try:
            queued.append((os_stat(in_data(OUTPUTS_FOLDER, name, REQUEST)).st_mtime_ns, name))
        except OSError:
            continue
    for _, name in sorted(queued):
        folder = in_data(OUTPUTS_FOLDER, name)
        if exists(join(folder, RECORD)):  # a cell has started it
            remove_files(folder, REQUEST)
        elif not exists(join(folder, CANCEL)):
            request = _read_request(join(folder, REQUEST))
            if request is not None:
                return {**request, "executionId": name}
    return None


def _read_request(path: str) -> dict[str, Any] | None:
    """None if it is not a valid request: user code may have written it."""
    try:
        with open_file(path, "rb") as file:
            request = decode(file.read().decode())
        code, digest, seconds = request["code"], request["hash"], request["timeoutInSeconds"]
    except (OSError, ValueError, TypeError, KeyError):
        return None
    if type(code) is not str or type(digest) is not str or type(seconds) is not int:
        return None
    return {"code": code, "hash": digest, "deferredSeconds": seconds}
