"""The kernel that the payload is installed in, and the functions of the standard library that it relies on."""

from __future__ import annotations

import binascii
import builtins
import inspect
import json
import os
import time
from collections.abc import Callable
from typing import Any

from ..protocol import DATA

# `cell.py` defines these in the namespace of the payload.
get_ipython: Callable[[], Any] = globals()["get_ipython"]
VERSION_MARK: str = globals()["VERSION_MARK"]

shell = get_ipython()
kernel = shell.kernel
session = kernel.session

installed_before: dict[str, Any] | None = getattr(kernel, "_connector_payload", None)
"""The kernel's own functions, if another version of the payload has replaced them already."""

_originals = installed_before or {
    "do_execute": kernel.do_execute,
    "send": session.send,
    "format": shell.display_formatter.format,
}
original_do_execute, original_send, original_format = (_originals[name] for name in ("do_execute", "send", "format"))

state: dict[str, Any] = installed_before["state"] if installed_before else {"background": None}
"""Kept when the payload is upgraded: the deferred run in progress, if there is one."""

encode = json.JSONEncoder(default=repr, ensure_ascii=True).encode
encode_strictly = json.JSONEncoder(allow_nan=False, ensure_ascii=False).encode
decode = json.JSONDecoder().decode
from_base64 = binascii.a2b_base64
to_base64 = binascii.b2a_base64
monotonic = time.monotonic
wall_clock = time.time
getpid = os.getpid
open_file = builtins.open
os_open, os_write, os_close, os_stat = os.open, os.write, os.close, os.stat
scandir, listdir, makedirs, unlink = os.scandir, os.listdir, os.makedirs, os.unlink
join, basename, exists = os.path.join, os.path.basename, os.path.exists

_TO_REPLACE = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NOFOLLOW", 0)


def in_data(*parts: str) -> str:
    return join(DATA, *parts)


def write_all(file: int, data: bytes) -> None:
    """Raises OSError."""
    view = memoryview(data)
    while view:
        view = view[os_write(file, view) :]


def write_file(path: str, data: bytes) -> None:
    """Replaces the file's contents. Raises OSError."""
    file = os_open(path, _TO_REPLACE, 0o666)
    try:
        write_all(file, data)
    finally:
        os_close(file)


def remove_files(folder: str, *names: str) -> None:
    """Removes those that exist."""
    for name in names:
        try:
            unlink(join(folder, name))
        except OSError:
            pass


async def awaited(reply: Any) -> Any:
    """A kernel's methods are coroutines in some versions of ipykernel, and plain functions in others."""
    return await reply if inspect.isawaitable(reply) else reply
