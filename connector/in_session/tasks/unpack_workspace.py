"""A task that unpacks an archive of `pack_workspace` into the data folder: all of it, or nothing.

The archive comes from storage, and is not trusted: nothing in it reaches beyond the data folder, or exceeds the room.
The task may be performed twice, or late: the second time returns the result of the first.
"""

from __future__ import annotations

import os
import shutil
import tarfile
from collections.abc import Iterator
from typing import BinaryIO, Literal, TypedDict

from ..protocol import DATA
from .stored_results import read_result, store_result
from .transfer_folders import make_transfer_folder
from .workspace_files import LATEST_TIME, LONGEST_PATH, MOST_ENTRIES, MOST_FOLDERS, entries, fingerprint, is_inside

PIECE_BYTES = 1 << 20
_LONGEST_NAME = 255


class Arguments(TypedDict):
    """The `archive` is in `folder`, which is relative to the data folder, and the result goes there as `result`.

    The folders `excluded` in the data folder are the connector's own: nothing is unpacked into them.
    """

    folder: str
    archive: str
    result: str
    excluded: list[str]


State = Literal["unpacked", "not_found", "invalid", "no_room", "path_taken"]


class Result(TypedDict):
    """`files` is the number of files. `path` is the one that an archive may not have, or that is taken. `size` is what
    the files need in bytes, and `room` what the session has. `fingerprint` is empty if the session has files that the
    archive does not have.
    """

    state: State
    files: int
    path: str
    size: int
    room: int
    fingerprint: str


class _Refused(Exception):
    def __init__(self, state: State, path: str = "", size: int = 0, room: int = 0) -> None:
        super().__init__(state)
        self.result = _result(state, path=path, size=size, room=room)


def perform(arguments: Arguments) -> Result:
    folder = os.path.join(DATA, arguments["folder"])
    stored = os.path.join(folder, arguments["result"])
    earlier: Result | None = read_result(stored)
    if earlier is not None:
        return earlier
    archive, files = os.path.join(folder, arguments["archive"]), os.path.join(folder, "files")
    shutil.rmtree(files, ignore_errors=True)
    try:
        result = _unpack(archive, files, arguments["excluded"])
    except _Refused as refusal:
        result = refusal.result
    except FileNotFoundError:
        return _result("not_found")
    finally:
        shutil.rmtree(files, ignore_errors=True)
    os.unlink(archive)
    make_transfer_folder(folder)
    store_result(stored, result)
    return result


def _result(state: State, *, files: int = 0, path: str = "", size: int = 0, room: int = 0) -> Result:
    shown = path.encode("utf-8", "replace").decode()[:200]
    return {"state": state, "files": files, "path": shown, "size": size, "room": room, "fingerprint": ""}


def _unpack(archive: str, files: str, excluded: list[str]) -> Result:
    """Into a folder of its own, from where everything is moved once all of it is valid and there."""
    with open(archive, "rb") as source:
        try:
            members = list(_members(source, set(excluded)))
        except (tarfile.TarError, EOFError, UnicodeError, ValueError, OverflowError, RecursionError):
            raise _Refused("invalid") from None
        size = sum(member.size for member in members)
        status = os.statvfs(DATA)
        room = status.f_bavail * status.f_frsize
        if size > room:
            raise _Refused("no_room", size=size, room=room)
        _check_free(members)
        os.mkdir(files)
        for member in members:
            if member.isdir():
                os.makedirs(os.path.join(files, member.name), exist_ok=True)
            elif member.isreg():
                _extract(source, member, os.path.join(files, member.name))
        # Links come last, so that nothing is written through one.
        for member in members:
            if member.issym():
                path = os.path.join(files, member.name)
                os.makedirs(os.path.dirname(path), exist_ok=True)
                os.symlink(member.linkname, path)
    for member in members:
        _move(member, files)
    result = _result("unpacked", files=sum(member.isreg() for member in members), size=size)
    if _are_all(members, excluded):
        result["fingerprint"] = fingerprint(excluded)
    return result


def _are_all(members: list[tarfile.TarInfo], excluded: list[str]) -> bool:
    """Whether the session has nothing else."""
    names = set()
    for member in members:
        name = member.name
        while name and name not in names:
            names.add(name)
            name = os.path.dirname(name)
    return all(path in names for path, _ in entries(excluded))


def _members(source: BinaryIO, excluded: set[str]) -> Iterator[tarfile.TarInfo]:
    """Raises _Refused for one that must not be unpacked, and tarfile's errors."""
    seen: dict[str, bool] = {}
    length = os.fstat(source.fileno()).st_size
    with tarfile.open(fileobj=source, mode="r:", encoding="utf-8", errors="surrogateescape") as tar:
        for number, member in enumerate(tar):
            member.name = member.name.rstrip("/") if member.isdir() else member.name
            is_complete = member.offset_data + member.size <= length
            if number >= MOST_ENTRIES or not is_complete or not _is_valid(member, excluded):
                raise _Refused("invalid", path=member.name)
            above = member.name
            while above := os.path.dirname(above):
                if not seen.setdefault(above, True):  # a file, or a link, which must not be a folder too
                    raise _Refused("invalid", path=member.name)
            if member.name in seen and not (member.isdir() and seen[member.name]):
                raise _Refused("invalid", path=member.name)
            seen[member.name] = member.isdir()
            yield member


def _is_valid(member: tarfile.TarInfo, excluded: set[str]) -> bool:
    """Only plain files, folders and links that stay inside, under names that say where they go."""
    names = member.name.split("/")
    if not (member.isdir() or member.isreg() or member.issym()) or member.issparse() or member.size < 0:
        return False
    if any(name in ("", ".", "..") or "\0" in name for name in names) or names[0] in excluded:
        return False
    if len(names) > MOST_FOLDERS + 1 or len(os.fsencode(member.name)) > LONGEST_PATH:
        return False
    if any(len(os.fsencode(name)) > _LONGEST_NAME for name in names):
        return False
    if not abs(float(member.mtime)) <= LATEST_TIME:  # also for one that is no number
        return False
    if not member.issym():
        return True
    is_path = "\0" not in member.linkname and len(os.fsencode(member.linkname)) <= LONGEST_PATH
    return is_path and is_inside(os.path.dirname(member.name), member.linkname)


def _check_free(members: list[tarfile.TarInfo]) -> None:
    """Files and links replace files and links, and folders stay folders. Nothing goes through a link of the session.
    Raises _Refused otherwise.
    """
    folders: dict[str, bool] = {DATA: True}
    for member in members:
        path = os.path.join(DATA, member.name)
        is_folder = os.path.isdir(path) and not os.path.islink(path)
        if (is_folder != member.isdir() and os.path.lexists(path)) or not _is_folder_above(path, folders):
            raise _Refused("path_taken", path=member.name)


def _is_folder_above(path: str, known: dict[str, bool]) -> bool:
    """Whether all that is above the path are folders, as far as it exists. `known` has what was found before."""
    above = os.path.dirname(path)
    if above not in known:
        is_folder = os.path.isdir(above) and not os.path.islink(above)
        known[above] = (is_folder or not os.path.lexists(above)) and _is_folder_above(above, known)
    return known[above]


def _extract(source: BinaryIO, member: tarfile.TarInfo, path: str) -> None:
    os.makedirs(os.path.dirname(path), exist_ok=True)
    source.seek(member.offset_data)
    left = member.size
    with open(path, "xb") as target:
        while left > 0:
            piece = source.read(min(PIECE_BYTES, left))
            if not piece:
                raise _Refused("invalid", path=member.name)
            target.write(piece)
            left -= len(piece)
    os.chmod(path, 0o600 | (member.mode & 0o777))
    nanoseconds = round(float(member.mtime) * 1e9)
    os.utime(path, ns=(nanoseconds, nanoseconds))


def _move(member: tarfile.TarInfo, files: str) -> None:
    target = os.path.join(DATA, member.name)
    if member.isdir():
        os.makedirs(target, exist_ok=True)
    else:
        os.makedirs(os.path.dirname(target), exist_ok=True)
        os.replace(os.path.join(files, member.name), target)
