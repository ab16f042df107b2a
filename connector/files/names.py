"""Names of files and folders in a session: which are valid, and which are the connector's own."""

import re
import unicodedata

from ..errors import InvalidFileName
from ..in_session import protocol
from ..models import OUTPUTS, FilePath

# What sessions accept: letters of any script, digits, and these; a folder's name has no dot. Source: the documentation
# of code-interpreter sessions.
_PUNCTUATION = " -_.@$&=;,#%^()"
# What the file system of a session accepts beyond that, besides combining marks, which are neither letters nor digits.
# Such a file can be reached only inside the session.
_PUNCTUATION_IN_SESSIONS = "+!'~[]{}"
_FOLDER = re.compile(r"[\w \-@$&=;,#%^()]+(/[\w \-@$&=;,#%^()]+)*")
_LONGEST_NAME_BYTES = 255


def joined(*parts: str) -> str:
    """A path below the data folder, of folders and a name; empty parts are skipped."""
    return "/".join(part for part in parts if part)


def checked_path(name: str, folder: str) -> FilePath:
    """Raises InvalidFileName."""
    return FilePath(checked_folder(folder), checked_name(name))


def checked_folder(folder: str) -> str:
    """The folder relative to /mnt/data; callers may send it with or without that. Raises InvalidFileName."""
    path = folder.strip("/")
    if path == "mnt/data" or path.startswith("mnt/data/"):
        path = path[len("mnt/data") :].strip("/")
    if path.split("/")[0] == OUTPUTS:
        path = protocol.OUTPUTS_FOLDER + path[len(OUTPUTS) :]
    if path and not _FOLDER.fullmatch(path):
        raise InvalidFileName(
            f"Sessions do not accept the folder {ascii(folder[:100])}. Send a path relative to /mnt/data, with / "
            "between folders, whose names have letters, digits, spaces and - _ @ $ & = ; , # % ^ ( ), and no dot.",
            target="folder",
        )
    if longest := max((part for part in path.split("/") if len(part.encode()) > _LONGEST_NAME_BYTES), default=""):
        raise InvalidFileName(
            f"A name in the folder is longer than {_LONGEST_NAME_BYTES} bytes: {ascii(longest[:100])}... Shorten it.",
            target="folder",
        )
    return path


def checked_destination(folder: str, *names: str) -> str:
    """Like `checked_folder`, for a folder that files with these names are uploaded to.

    The connector's own folders are refused: files there would be removed, or mistaken for its own.
    """
    path = checked_folder(folder)
    own = next((place for place in (joined(path, name) for name in ("", *names)) if is_hidden(shown_folder(place))), "")
    if own:
        raise InvalidFileName(
            f"The folder '{shown_folder(own)[:100]}' is reserved for the connector. Use another folder or name.",
            target="folder" if is_hidden(shown_folder(path)) else "fileName",
        )
    return path


def checked_name(name: str, target: str = "fileName") -> str:
    """Raises InvalidFileName for the member `target`."""
    invalid = sorted({character for character in name if not _is_valid(character)})
    if len(name.encode("utf-8", "surrogatepass")) > _LONGEST_NAME_BYTES:
        problem = f"is longer than {_LONGEST_NAME_BYTES} bytes. Shorten it."
    elif name in (".", "..") or "/" in name or "\\" in name or "%2f" in name.lower():
        problem = "is a path. Send the name alone, and the folder as `folder`."
    elif invalid:
        problem = (
            f"has {' '.join(ascii(character) for character in invalid[:5])}. Sessions accept letters, digits, spaces "
            "and - _ . @ $ & = ; , # % ^ ( ) + ! ' ~ [ ] { }."
        )
    elif not name:
        problem = "is empty. Send a name."
    else:
        return name
    raise InvalidFileName(f"The file name {ascii(name[:100])} {problem}", target=target)


def is_known_to_pool(name: str) -> bool:
    """False for a name that sessions accept, but the pool does not, or may not."""
    return not any(
        character in _PUNCTUATION_IN_SESSIONS or unicodedata.category(character)[0] == "M" for character in name
    )


def _is_valid(character: str) -> bool:
    """Letters and digits of any script, and the marks that belong to them. The pool makes the final decision."""
    return character in _PUNCTUATION + _PUNCTUATION_IN_SESSIONS or unicodedata.category(character)[0] in "LMN"


def shown_folder(folder: str) -> str:
    """The folder as callers know it."""
    return (
        OUTPUTS + folder[len(protocol.OUTPUTS_FOLDER) :] if folder.split("/")[0] == protocol.OUTPUTS_FOLDER else folder
    )


def is_of_execution_record(folder: str, name: str) -> bool:
    """Whether a file is part of an execution's record, which is never listed; its outputs are."""
    return folder.split("/")[0] == protocol.OUTPUTS_FOLDER and name in protocol.EXECUTION_FILES


def is_hidden(folder: str) -> bool:
    """Whether a folder, as callers know it, is the connector's own, and listed only on request."""
    return folder.split("/")[0] in (OUTPUTS, protocol.TRANSFERS_FOLDER)
