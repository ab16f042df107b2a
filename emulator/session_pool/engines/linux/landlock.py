"""Which files a process may access, enforced by Linux's landlock: permanently, for itself and its children.

The second line of defense after a session's mounts, and the first where there are none. Independent of sessions.
Source of the numbers: linux/landlock.h, up to version 6 of its ABI; older kernels enforce the part that they know.
"""

import ctypes
import os
import stat
import struct
from collections.abc import Iterable

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446  # the same on every processor
_VERSION_FLAG, _PATH_BENEATH = 1, 1
_ACCESS_BITS = {1: 13, 2: 14, 3: 15, 4: 15}  # the number of file rights in each version; later ones have 16
_READ = 1 << 0 | 1 << 2 | 1 << 3  # execute, read a file, read a folder
_OF_FILES = 1 << 0 | 1 << 1 | 1 << 2 | 1 << 14 | 1 << 15  # execute, write, read, truncate, ioctl
_MAKE_DEVICES = 1 << 6 | 1 << 11  # character and block devices
_TCP = 1 << 0 | 1 << 1  # bind and connect; version 4
_SCOPES = 1 << 0 | 1 << 1  # abstract sockets and signals of others; version 6

_libc = ctypes.CDLL(None, use_errno=True)


def version() -> int:
    """Of the kernel's ABI; 0 if it has none."""
    return max(0, int(_libc.syscall(_CREATE_RULESET, None, ctypes.c_size_t(0), _VERSION_FLAG)))


def restrict(readable: Iterable[str], writable: Iterable[str], *, tcp: bool) -> None:
    """From now on, this process can only read `readable` and `writable`, and write the latter; without `tcp`, no TCP.

    Paths that do not exist are ignored. Needs no_new_privs. Raises OSError.
    """
    known = version()
    rights = (1 << _ACCESS_BITS.get(known, 16)) - 1
    fields = [rights, 0 if tcp or known < 4 else _TCP, _SCOPES if known >= 6 else 0]
    attributes = struct.pack("QQQ", *fields)[: 8 if known < 4 else 16 if known < 6 else 24]
    ruleset = _checked(_libc.syscall(_CREATE_RULESET, attributes, ctypes.c_size_t(len(attributes)), 0))
    try:
        for paths, allowed in ((readable, _READ), (writable, rights & ~_MAKE_DEVICES)):
            for path in paths:
                _allow(ruleset, path, allowed & rights)
        _checked(_libc.syscall(_RESTRICT_SELF, ruleset, 0))
    finally:
        os.close(ruleset)


def _allow(ruleset: int, path: str, allowed: int) -> None:
    try:
        fd = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError):
        return
    try:
        if not stat.S_ISDIR(os.fstat(fd).st_mode):
            allowed &= _OF_FILES
        _checked(_libc.syscall(_ADD_RULE, ruleset, _PATH_BENEATH, struct.pack("=Qi", allowed, fd), 0))
    finally:
        os.close(fd)


def _checked(result: int) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"landlock: {os.strerror(number)}")
    return int(result)
