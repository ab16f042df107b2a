"""A task that packs the files of the session into one archive.

It may be performed twice, or late: the second time returns the result of the first. What the connector does not fetch
is removed together with other abandoned transfers.
"""

from __future__ import annotations

import contextlib
import os
import stat
import tarfile
from typing import Literal, TypedDict

from ..protocol import DATA
from .stored_results import read_result, store_result
from .transfer_folders import make_transfer_folder
from .workspace_files import LATEST_TIME, MOST_ENTRIES, entries, fingerprint, is_inside

_BLOCK = 512
_HEADER_BYTES = 3 * _BLOCK
"""Of one entry, with the extended header for its time."""

_END_BYTES = 20 * _BLOCK
"""tarfile fills its last record."""


class Arguments(TypedDict):
    """The archive goes to `folder`, which is relative to the data folder, as `archive`, and the result to `result`.

    The folders `excluded` are not part of it. If the session's files have the fingerprint `unless`, nothing is packed;
    nor if `folder` has a file `abandoned`, and an archive that was packed meanwhile is removed.
    """

    folder: str
    archive: str
    result: str
    abandoned: str
    excluded: list[str]
    unless: str | None


class Result(TypedDict):
    """`size` is what the archive needs in bytes, `files` the number of files in it. `room` is that of the session."""

    state: Literal["packed", "unchanged", "no_room", "too_many", "canceled"]
    size: int
    files: int
    room: int
    fingerprint: str


def perform(arguments: Arguments) -> Result:
    folder = os.path.join(DATA, arguments["folder"])
    stored = os.path.join(folder, arguments["result"])
    earlier: Result | None = read_result(stored)
    if earlier is not None:
        return earlier
    excluded, abandoned = arguments["excluded"], os.path.join(folder, arguments["abandoned"])
    if os.path.exists(abandoned):
        return _result("canceled", "")
    now = fingerprint(excluded)
    if now == arguments["unless"]:
        return _result("unchanged", now)
    sizes = [_needed(path, status) for path, status in entries(excluded)]
    if len(sizes) > MOST_ENTRIES:
        return _result("too_many", now, files=len(sizes))
    needed = sum(sizes) + _END_BYTES
    status = os.statvfs(DATA)
    room = status.f_bavail * status.f_frsize
    if needed > room:
        return _result("no_room", now, size=needed, room=room)
    make_transfer_folder(folder)
    archive = os.path.join(folder, arguments["archive"])
    try:
        files = _pack(archive + "-new", excluded)
        os.replace(archive + "-new", archive)
        packed = _result("packed", now, size=os.path.getsize(archive), files=files, room=room)
        store_result(stored, packed)
    except BaseException:
        for left in (archive + "-new", archive):
            with contextlib.suppress(OSError):
                os.unlink(left)
        raise
    if os.path.exists(abandoned):
        with contextlib.suppress(OSError):
            os.unlink(archive)
        return _result("canceled", now)
    return packed


def _result(
    state: Literal["packed", "unchanged", "no_room", "too_many", "canceled"],
    now: str,
    *,
    size: int = 0,
    files: int = 0,
    room: int = 0,
) -> Result:
    return {"state": state, "size": size, "files": files, "room": room, "fingerprint": now}


def _needed(path: str, status: os.stat_result) -> int:
    """The bytes of one entry, at most."""
    content = status.st_size if stat.S_ISREG(status.st_mode) else 0
    name = 2 * len(os.fsencode(path)) + (status.st_size if stat.S_ISLNK(status.st_mode) else 0)
    return _HEADER_BYTES + _in_blocks(content) + _in_blocks(name)


def _in_blocks(n_bytes: int) -> int:
    return -(-n_bytes // _BLOCK) * _BLOCK


def _pack(archive: str, excluded: list[str]) -> int:
    """How many files were packed. Hard links become files. Links that leave the data folder, and files that cannot be
    read, are left out.
    """
    files = 0
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
                if is_inside(os.path.dirname(path), target):
                    member.type, member.linkname = tarfile.SYMTYPE, target
                    tar.addfile(member)
                continue
            try:
                content = open(os.path.join(DATA, path), "rb")
            except OSError:  # not those of writing, which end the task
                continue
            with content:
                member.size = os.fstat(content.fileno()).st_size
                tar.addfile(member, content)
            files += 1
    return files
