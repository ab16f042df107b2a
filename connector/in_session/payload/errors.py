"""Describes an exception in a report: its name, message, line, the frames in the user's own code, and a hint."""

from __future__ import annotations

import errno
import linecache
import socket
import sys
from typing import Any

from ..protocol import DATA, MAX_MESSAGE_CHARACTERS
from .host import basename, in_data, shell
from .scan import all_files

_MAX_TRACEBACK_CHARACTERS = 20_000
_MAX_CHAIN = 10
_NETWORK_ERRORS = (errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN)

# Python's own sentences between the exceptions of a chain.
_CAUSE = "The above exception was the direct cause of the following exception:"
_CONTEXT = "During handling of the above exception, another exception occurred:"


def describe_error(failure: BaseException, is_new_session: bool) -> dict[str, Any]:
    """Never raises, even if the exception's own methods do."""
    described: dict[str, Any] = {
        "name": str(type(failure).__name__),
        "message": "",
        "line": None,
        "traceback": "",
        "hint": None,
    }
    try:
        described["message"] = str(failure)[:MAX_MESSAGE_CHARACTERS]
    except BaseException:
        described["message"] = "(the message cannot be shown)"
    try:
        lines, line = _traceback(failure, f"Cell In[{shell.execution_count - 1}]", set())
        described["traceback"], described["line"] = "\n".join(lines)[-_MAX_TRACEBACK_CHARACTERS:], line
    except BaseException:
        pass
    try:
        described["hint"] = _hint(failure, is_new_session)
    except BaseException:
        pass
    return described


def _traceback(failure: BaseException, this_cell: str, seen: set[int]) -> tuple[list[str], int | None]:
    """The lines of the traceback without the frames of libraries, and the innermost line in this cell."""
    seen.add(id(failure))
    lines: list[str] = []
    line: int | None = None
    cause = failure.__cause__ or (None if failure.__suppress_context__ else failure.__context__)
    if cause is not None and id(cause) not in seen and len(seen) < _MAX_CHAIN:
        lines, _ = _traceback(cause, this_cell, seen)
        is_direct = failure.__cause__ is not None
        lines += ["", _CAUSE if is_direct else _CONTEXT, ""]
    lines.append("Traceback (most recent call last):")
    step = failure.__traceback__
    while step is not None:
        place = _place(step.tb_frame.f_code.co_filename)
        if place is not None:
            if place == this_cell:
                line = step.tb_lineno
            function = step.tb_frame.f_code.co_name
            inside = "" if function == "<module>" else ", in " + function
            lines.append(f"  {place}, line {step.tb_lineno}{inside}")
            source = linecache.getline(step.tb_frame.f_code.co_filename, step.tb_lineno).strip()
            if source:
                lines.append("    " + source)
        step = step.tb_next
    if isinstance(failure, SyntaxError) and _place(failure.filename or "") is not None:
        place = _place(failure.filename or "")
        lines.append(f"  {place}, line {failure.lineno}")
        if failure.text:
            lines.append("    " + failure.text.strip())
        if place == this_cell:
            line = failure.lineno
    try:
        message = str(failure)
    except BaseException:
        message = ""
    lines.append(type(failure).__name__ + (": " + message if message else ""))
    return lines, line


def _place(filename: str) -> str | None:
    """The user's name for a file of code; None for libraries and the payload."""
    number = getattr(shell.compile, "_filename_map", {}).get(filename)
    if number is not None:
        return f"Cell In[{number}]"
    if filename.startswith(DATA + "/"):
        return "File " + filename
    return None


def _hint(failure: BaseException, is_new_session: bool) -> str | None:
    if isinstance(failure, ModuleNotFoundError):
        return _package_hint(failure)
    if isinstance(failure, NameError) and is_new_session:
        return (
            "This session has no variables of earlier runs: it is new, or its interpreter was restarted. First run the "
            "code that sets them."
        )
    if isinstance(failure, FileNotFoundError) and failure.filename is not None:
        return _file_hint(str(failure.filename))
    if type(failure).__name__ == "StdinNotImplementedError":
        return "input() is not supported here. Put the value into the code."
    chain: list[BaseException] = []
    link: BaseException | None = failure
    while link is not None and len(chain) < _MAX_CHAIN:
        chain.append(link)
        link = link.__cause__ or link.__context__
    if any(_is_network_error(link) for link in chain):
        return (
            "The code could not reach the network: sessions have no network access unless the pool allows egress. "
            "Fetch the data beforehand and upload it with UploadFile."
        )
    return None


def _is_network_error(failure: BaseException) -> bool:
    if isinstance(failure, socket.gaierror):
        return True
    return isinstance(failure, OSError) and failure.errno in _NETWORK_ERRORS


def _package_hint(failure: ModuleNotFoundError) -> str | None:
    import difflib
    import pkgutil

    wanted = (failure.name or "").split(".")[0]
    installed = {module.name for module in pkgutil.iter_modules()} | set(sys.builtin_module_names)
    if not wanted or wanted in installed:
        return None
    similar = difflib.get_close_matches(wanted, installed, 3, 0.75)
    suggestion = f"Did you mean {' or '.join(similar)}? " if similar else ""
    return (
        f"The package {wanted} is not installed in this session. {suggestion}CheckConnection lists what is installed."
    )


def _file_hint(wanted: str) -> str:
    name = basename(wanted)
    paths = sorted(in_data(path) for path, _ in all_files())
    same = [path for path in paths if path != wanted and basename(path).lower() == name.lower()]
    if same:
        return f"The session has a file with that name: {' or '.join(same[:3])}"
    if not paths:
        return "The session has no files. Upload them with UploadFile, with the same session ID."
    more = f" and {len(paths) - 10} more" if len(paths) > 10 else ""
    return f"The session has these files: {', '.join(paths[:10])}{more}"
