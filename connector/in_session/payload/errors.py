"""Describes an exception in a report: its name, message, line, the frames in the user's code, and facts about it."""

from __future__ import annotations

import builtins
import linecache
from typing import Any

from ..protocol import DATA, MAX_MESSAGE_CHARACTERS
from .facts import facts_of
from .host import shell

_MAX_TRACEBACK_CHARACTERS = 20_000
_MAX_CHAIN = 10
_TOKENIZERS = ("<tokenize>", "<string>")
"""What Python 3.11, and from 3.12 on, names as the file of text that cannot be split into tokens."""

_Group: Any = getattr(builtins, "BaseExceptionGroup", ())

# Python's own sentences between the exceptions of a chain.
_CAUSE = "The above exception was the direct cause of the following exception:"
_CONTEXT = "During handling of the above exception, another exception occurred:"


def describe_error(failure: BaseException) -> dict[str, Any]:
    """Never raises, even if the exception's own methods do."""
    described: dict[str, Any] = {
        "name": str(type(failure).__name__),
        "message": "",
        "line": None,
        "traceback": "",
        "facts": facts_of(failure),
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
    place = _place(failure.filename or "") if isinstance(failure, SyntaxError) else None
    if line is None and isinstance(failure, IndentationError) and failure.filename in _TOKENIZERS:
        place = this_cell  # IPython has failed to read the cell, so none of it ran
    if isinstance(failure, SyntaxError) and place is not None:
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
    lines += [str(note) for note in getattr(failure, "__notes__", ())]
    for inner in failure.exceptions if isinstance(failure, _Group) else ():
        if len(seen) < _MAX_CHAIN:
            lines += ["", *("  " + text for text in _traceback(inner, this_cell, seen)[0])]
    return lines, line


def _place(filename: str) -> str | None:
    """The user's name for a file of code; None for libraries and the payload."""
    number = getattr(shell.compile, "_filename_map", {}).get(filename)
    if number is not None:
        return f"Cell In[{number}]"
    if filename.startswith(DATA + "/"):
        return "File " + filename
    return None
