"""Redirects /mnt/data to another folder, for Python code where the kernel cannot give a session its own /mnt/data.

Only Python's own file functions are redirected; programs that the code starts, and libraries that open files in C, see
the machine's real /mnt/data, if it exists.
"""

import functools
import io
import ntpath
import os
import sys
from collections.abc import Callable
from types import BuiltinFunctionType, FunctionType
from typing import Any

# Not every system has all of them.
_TAKE_A_PATH = (
    "access", "chdir", "chmod", "chown", "getxattr", "lchown", "listdir", "listxattr", "lstat", "makedirs", "mkdir",
    "mkfifo", "mknod", "open", "pathconf", "readlink", "remove", "removexattr", "rmdir", "scandir", "setxattr", "stat",
    "statvfs", "truncate", "unlink", "utime",
)  # fmt: skip
_TAKE_TWO_PATHS = ("link", "rename", "replace", "symlink")
_TESTS = ("exists", "isdir", "isfile", "isjunction", "islink", "lexists")
"""Of os.path: if they are implemented in C, as on Windows from Python 3.12 on, they do not call os."""

_PATH_KEYWORDS = {"path", "file", "name", "src", "dst"}


def redirect(visible: str, real: str) -> None:
    """Makes every path at or below `visible` permanently refer to the same path below `real`, in this process."""
    on_windows, drive = os.path is ntpath, ntpath.splitdrive(real)[0]

    def translated(path: Any) -> Any:
        if not isinstance(path, (str, bytes, os.PathLike)):
            return path
        text = os.fsdecode(path)
        if on_windows:
            text = with_slashes(text, drive)
        if text != visible and not text.startswith(visible + "/"):
            return path
        moved = real + text[len(visible) :]
        return os.fsencode(moved) if isinstance(path, bytes) else moved

    def redirecting(function: Callable[..., Any], paths: int) -> Callable[..., Any]:
        @functools.wraps(function)
        def redirected(*arguments: Any, **keywords: Any) -> Any:
            named = {name: translated(value) if name in _PATH_KEYWORDS else value for name, value in keywords.items()}
            return function(*map(translated, arguments[:paths]), *arguments[paths:], **named)

        return redirected

    replaced = {getattr(os, name): redirecting(getattr(os, name), 1) for name in _TAKE_A_PATH if hasattr(os, name)}
    replaced |= {getattr(os, name): redirecting(getattr(os, name), 2) for name in _TAKE_TWO_PATHS if hasattr(os, name)}
    tests = [getattr(os.path, name, None) for name in _TESTS]
    replaced |= {test: redirecting(test, 1) for test in tests if isinstance(test, BuiltinFunctionType)}
    replaced[io.open] = redirecting(io.open, 1)
    # Many modules hold these functions under other names, such as IPython's `open` for cells.
    for module in list(sys.modules.values()):
        for name, value in list(getattr(module, "__dict__", {}).items()):
            if isinstance(value, (BuiltinFunctionType, FunctionType)) and value in replaced:
                setattr(module, name, replaced[value])


def with_slashes(path: str, drive: str) -> str:
    """Windows' spellings of one path, as pathlib and os.path write them: without `drive`, and with forward slashes."""
    own_drive, rest = ntpath.splitdrive(path)
    return rest.replace("\\", "/") if own_drive.lower() in ("", drive.lower()) else path
