"""Which file of the session a listing means. Sent with the tasks that import it; it is not a task itself.

A listing shows U+FFFD for the bytes of a name that are not UTF-8, some pools a question mark. And a caller may write
accented characters in another form than the file's name does, because both look the same.
"""

from __future__ import annotations

import os
import unicodedata

from ..protocol import DATA


def shown_name(name: str, substitute: str = "\ufffd") -> str:
    """The name with valid text alone. Python reads each byte that is not UTF-8 as one half of a surrogate pair."""
    return "".join(substitute if "\ud800" <= character <= "\udfff" else character for character in name)


def real_path(path: str) -> str:
    """The absolute path of what is listed as `path`, which is relative to the data folder.

    Of several that are listed alike, the first. What does not exist keeps its name.
    """
    found = DATA
    for name in path.split("/"):
        found = os.path.join(found, _real_name(found, name))
    return found


def _real_name(folder: str, name: str) -> str:
    try:
        if os.path.lexists(os.path.join(folder, name)):
            return name
        names = sorted(os.listdir(folder))
    except (OSError, ValueError):  # a name that the file system cannot have
        return name
    composed = unicodedata.normalize("NFC", name)
    for form, wanted in ((_as_listed, name), (_as_listed_in_ascii, name), (_composed, composed)):
        for candidate in names:
            if form(candidate) == wanted:
                return candidate
    return name


def _as_listed(name: str) -> str:
    return shown_name(name)


def _as_listed_in_ascii(name: str) -> str:
    return shown_name(name, "?")


def _composed(name: str) -> str:
    return unicodedata.normalize("NFC", shown_name(name))
