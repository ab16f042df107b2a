"""A task that packs the files of the session into one archive.

It may be performed twice, or late: the archive of the first time is kept, and what the connector does not fetch is
removed together with other abandoned transfers.
"""

from __future__ import annotations

import json
import os
import shutil
import stat
import tarfile
from typing import Literal, TypedDict

from ..protocol import DATA
from .transfer_folders import make_transfer_folder
from .workspace_files import LATEST_TIME, MOST_ENTRIES, entries, fingerprint, is_inside

_BLOCK = 512
_HEADER_BYTES = 3 * _BLOCK
"""Of one entry, with the extended header for its name and time."""


class Arguments(TypedDict):
    """The archive goes to `folder`, which is relative to the data folder, as `archive`, and the result to `result`.

    The folders `excluded` are not part of it. If the session's files have the fingerprint `unless`, nothing is packed.
    """

    folder: str
    archive: str
    result: str
    excluded: list[str]
    unless: str | None


class Result(TypedDict):
    """`size` is that of the archive in bytes, `files` the number of files in it; `skipped` is the number of links that
    lead out of the data folder and of files that could not be read. `room` is that of the session.
    """

    state: Literal["packed", "unchanged", "no_room", "too_many", "canceled"]
    size: int
    files: int
    skipped: int
    room: int
    fingerprint: str


def perform(arguments: Arguments) -> Result:
    folder = os.path.join(DATA, arguments["folder"])
    stored = os.path.join(folder, arguments["result"])
    try:
        with open(stored, encoding="utf-8") as file:
            result: Result = json.load(file)
            return result
    except (OSError, ValueError, RecursionError):
        pass
    excluded = arguments["excluded"]
    now = fingerprint(excluded)
    if now == arguments["unless"]:
        return _result("unchanged", now)
    sizes = [-(-status.st_size // _BLOCK) * _BLOCK for _, status in entries(excluded)]
    if len(sizes) > MOST_ENTRIES:
        return _result("too_many", now, files=len(sizes))
    needed = sum(sizes) + _HEADER_BYTES * len(sizes)
    status = os.statvfs(DATA)
    room = status.f_bavail * status.f_frsize
    if needed > room:
        return _result("no_room", now, size=needed, room=room)
    make_transfer_folder(folder)
    archive = os.path.join(folder, arguments["archive"])
    try:
        files, skipped = _pack(archive + "-new", excluded)
        os.replace(archive + "-new", archive)
        packed = _result("packed", now, size=os.path.getsize(archive), files=files, skipped=skipped, room=room)
        with open(stored + "-new", "w", encoding="utf-8") as file:
            json.dump(packed, file)
        os.replace(stored + "-new", stored)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    if os.path.exists(os.path.join(folder, "abandoned")):
        shutil.rmtree(folder, ignore_errors=True)
        return _result("canceled", now)
    return packed


def _result(
    state: Literal["packed", "unchanged", "no_room", "too_many", "canceled"],
    now: str,
    *,
    size: int = 0,
    files: int = 0,
    skipped: int = 0,
    room: int = 0,
) -> Result:
    return {"state": state, "size": size, "files": files, "skipped": skipped, "room": room, "fingerprint": now}


def _pack(archive: str, excluded: list[str]) -> tuple[int, int]:
    """How many files were packed, and how many not. Hard links become files."""
    files = skipped = 0
    with tarfile.open(archive, "w", format=tarfile.PAX_FORMAT, encoding="utf-8", errors="surrogateescape") as tar:
        for path, status in entries(excluded):
            member = tarfile.TarInfo(path)
            member.mode = stat.S_IMODE(status.st_mode)
            if stat.S_ISDIR(status.st_mode):
                member.type = tarfile.DIRTYPE
                tar.addfile(member)
                continue
            # PAX stores fractions. Code can give a file any time, and unpacking takes fewer.
            member.mtime = max(-LATEST_TIME, min(status.st_mtime_ns / 1e9, LATEST_TIME))
            if stat.S_ISLNK(status.st_mode):
                target = os.readlink(os.path.join(DATA, path))
                if not is_inside(os.path.dirname(path), target):
                    skipped += 1
                    continue
                member.type, member.linkname = tarfile.SYMTYPE, target
                tar.addfile(member)
                continue
            try:
                with open(os.path.join(DATA, path), "rb") as content:
                    member.size = os.fstat(content.fileno()).st_size
                    tar.addfile(member, content)
            except PermissionError:
                skipped += 1
                continue
            files += 1
    return files, skipped
