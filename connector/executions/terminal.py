"""Text as people and models read it: what a terminal would show of it, and cells by their numbers."""

import collections
import re
from collections.abc import Mapping
from types import MappingProxyType

from ..in_session.payload.streams import (
    CONTROLS,
    MAX_BLANKS,
    MOVES_BETWEEN_LINES,
    Row,
    collapse_line,
    collapse_lines,
)

_CELL_FILE = re.compile(r"(?<![^\s\"'<>()=:])[^\s\"'<>()=:]*ipykernel_\d+[/\\](\d+)\.py|<ipython-input-(\d+)-\w+>")
_BARE_CELL_FILE = re.compile(r"\b(\d+)\.py\b")
_MOST_ROWS = 1000
"""Of the screen. Terminals have fewer."""

_UNKNOWN_CELL = "<cell>"
_NONE: Mapping[str, int] = MappingProxyType({})
_MOVES = re.compile(f"(\n|{MOVES_BETWEEN_LINES.pattern})")


def shown(text: str) -> str:
    """What remains visible: carriage returns, backspaces and cursor movements are applied, and all other escape
    sequences are removed.
    """
    return _screen(text) if "\x1b" in text and MOVES_BETWEEN_LINES.search(text) else collapse_lines(text)


def without_escapes(text: str) -> str:
    """For text that is not written to a terminal, such as messages: only escape sequences are removed."""
    return CONTROLS.sub(lambda found: "" if found[0][0] == "\x1b" else found[0], text) if "\x1b" in text else text


def _screen(text: str) -> str:
    """A screen has a limited number of rows. Those that have left it, at the top, no longer change."""
    blanks = [MAX_BLANKS]
    finished: list[str] = []
    rows, number = collections.deque([Row(blanks)]), 0
    for part in _MOVES.split(text):
        if part == "\n":
            number += 1
            if number == len(rows):
                rows.append(Row(blanks))
            if len(rows) > _MOST_ROWS:
                finished.append(_visible(rows.popleft()))
                number -= 1
            rows[number].column = 0
        elif MOVES_BETWEEN_LINES.fullmatch(part):
            column, lines = rows[number].column, int(part[2:-1][:4] or 1)
            number = max(0, number - lines) if part[-1] == "A" else min(len(rows) - 1, number + lines)
            rows[number].column = column
        else:
            rows[number].write(part)
    return "\n".join([*finished, *map(_visible, rows)])


def _visible(row: Row) -> str:
    return collapse_line(row.text() + "\r")


def with_cells(text: str, numbers: Mapping[str, int] = _NONE) -> str:
    """Names the cells of a session as IPython does, not by the temporary files in which Python believes them to be.

    `numbers` has those that are known, by the number in the file's name.
    """
    if "ipykernel_" in text or "<ipython-input-" in text:
        text = _CELL_FILE.sub(lambda found: _cell(found[2] or numbers.get(found[1])), text)
    if numbers and ".py" in text:
        text = _BARE_CELL_FILE.sub(lambda found: _cell(numbers[found[1]]) if found[1] in numbers else found[0], text)
    return text


def _cell(number: object) -> str:
    return _UNKNOWN_CELL if number is None else f"Cell In[{number}]"
