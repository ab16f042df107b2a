"""Names of files and folders in a session: which can be uploaded, which the pool takes, which are the connector's own.

A session's file system takes almost any name, and the pool fewer. Files that the pool does not take, because of their
own name or that of a folder above, are stored, read and deleted by tasks inside the session.
"""

import re
import unicodedata

from ..errors import InvalidFileName
from ..in_session import protocol
from ..models import OUTPUTS, FilePath, unmistakable_folder

# What the pool takes besides letters and digits; in a folder's name, no dot. Source: the documentation of
# code-interpreter sessions.
_PUNCTUATION = frozenset(" -_.@$&=;,#%^()")
_LONGEST_NAME_BYTES = 255
_LONGEST_PATH_BYTES = 3000
"""Of an upload. The file system's own limit is 4,096, with /mnt/data; the address of a chunked upload has the path."""

_NOT_SHOWN = re.compile(r"[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
"""Also what changes the order in which others are shown, such as `gpj.exe` as `exe.jpg`."""

_NOT_IN_UPLOADS = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_ENCODED_SLASH = re.compile("%2f", re.IGNORECASE)


def joined(*parts: str) -> str:
    """A path below the data folder, of folders and a name; empty parts are skipped."""
    return "/".join(part for part in parts if part)


# ---- files that exist


def checked_path(name: str, folder: str) -> FilePath:
    """The path of a file that may exist: its name can be any that a run can give to a file. Raises InvalidFileName."""
    if name in ("", ".", "..") or "/" in name:
        raise _not_a_name(name, "fileName")
    if "\0" in name:
        raise _has_characters(name, "fileName", ["\0"])
    return FilePath(checked_folder(folder), name)


def checked_folder(folder: str) -> str:
    """The folder relative to /mnt/data; callers may send it with or without that. Raises InvalidFileName."""
    path = joined(*folder.split("/"))
    if path == "mnt/data" or path.startswith("mnt/data/"):
        path = path[len("mnt/data") :].strip("/")
    steps = path.split("/")
    if steps[0] == OUTPUTS:
        path = joined(protocol.OUTPUTS_FOLDER, *steps[1:])
    if "." in steps or ".." in steps or "\0" in path:
        raise InvalidFileName(
            f"The folder {quoted(folder)} is not below /mnt/data. Send a path relative to /mnt/data, without . and .. "
            "between its slashes.",
            target="folder",
        )
    return path


def is_known_to_pool(path: FilePath) -> bool:
    """False for a file that sessions can have, but that the pool's own routes do not take, or may not."""
    name = path.name
    return (
        _is_taken_by_pool(name)
        and not name.endswith(".")
        and not _ENCODED_SLASH.search(name)
        and is_known_folder(path.folder)
    )


def is_known_folder(folder: str) -> bool:
    """Whether the pool lists this folder. Pools read mnt/data as /mnt/data, too."""
    if unmistakable_folder(folder) != folder:
        return False
    return not folder or all("." not in step and _is_taken_by_pool(step) for step in folder.split("/"))


def _is_taken_by_pool(name: str) -> bool:
    is_short = len(name.encode("utf-8", "surrogatepass")) <= _LONGEST_NAME_BYTES
    return is_short and name == name.strip(" ") and all(map(_is_character_of_pool, name))


def _is_character_of_pool(character: str) -> bool:
    """Letters and digits of any script, but no combining marks. Beyond U+FFFF, .NET's functions see two characters."""
    if character.isascii():
        return character.isalnum() or character in _PUNCTUATION
    return character <= "\uffff" and (character.isalpha() or character.isdecimal())


def is_written_like(one: str, other: str) -> bool:
    """Whether two names are the same to a reader: macOS writes an accent as a character of its own."""
    return unicodedata.normalize("NFC", one) == unicodedata.normalize("NFC", other)


def may_be_path(name: str) -> bool:
    """Whether a name from an address has %2F. The Functions host decodes everything but this, so that it may be a slash
    that was encoded once, or these characters themselves.
    """
    return bool(_ENCODED_SLASH.search(name))


# ---- files to be stored


def checked_destination(folder: str, *names: str) -> str:
    """The folder that files with these names, all of them checked, are uploaded to. Raises InvalidFileName.

    The connector's own folders are refused: files there would be removed, or mistaken for its own.
    """
    path = checked_folder(folder)
    for step in path.split("/") if path else []:
        checked_name(step, "folder")
    own = next((place for place in (joined(path, name) for name in ("", *names)) if is_hidden(shown_folder(place))), "")
    if own:
        raise InvalidFileName(
            f"The folder '{shown_folder(own)[:100]}' is reserved for the connector. Use another folder or name.",
            target="folder" if is_hidden(shown_folder(path)) else "fileName",
        )
    if any(len(joined(path, name).encode()) > _LONGEST_PATH_BYTES for name in names):
        raise InvalidFileName(
            f"The folder and the name have more than {_LONGEST_PATH_BYTES:,} bytes. Use a shorter folder.",
            target="folder",
        )
    return path


def checked_name(name: str, target: str = "fileName") -> str:
    """The name of a new file; with the target `folder`, of one of the folders above it. Raises InvalidFileName."""
    if name in ("", ".", "..") or "/" in name or "\\" in name:
        raise _not_a_name(name, target)
    if invalid := sorted(set(_NOT_IN_UPLOADS.findall(name))):
        raise _has_characters(name, target, invalid)
    if len(name.encode()) > _LONGEST_NAME_BYTES:
        raise InvalidFileName(
            f"The name {quoted(name)} has more than {_LONGEST_NAME_BYTES} bytes. Shorten it.", target=target
        )
    return name


def path_as_name(name: str) -> InvalidFileName:
    """The error for a name from an address that `may_be_path`."""
    return InvalidFileName(
        f"The file name {quoted(name)} is a path. Send the name alone, and the folder as `folder`; only UploadFile "
        "stores a file whose name itself has %2F.",
        target="fileName",
    )


def _not_a_name(name: str, target: str) -> InvalidFileName:
    if not name:
        return InvalidFileName("The file name is empty. Send a name.", target=target)
    if target == "folder":
        return InvalidFileName(
            f"The folder has {quoted(name)} as a name. Separate the names of folders with /, as in reports/2026.",
            target=target,
        )
    return InvalidFileName(
        f"The file name {quoted(name)} is a path. Send the name alone, and the folder as `folder`.", target=target
    )


def _has_characters(name: str, target: str, characters: list[str]) -> InvalidFileName:
    listed = ", ".join(f"U+{ord(character):04X}" for character in characters[:5])
    return InvalidFileName(
        f"The name {quoted(name)} has characters that are not text ({listed}). Remove control characters, such as line "
        "breaks.",
        target=target,
    )


def quoted(text: str) -> str:
    """For a message: all characters as they are, except for those that cannot be shown."""
    shown = _NOT_SHOWN.sub(lambda found: f"<U+{ord(found[0]):04X}>", text[:100])
    return f"'{shown}{'...' if len(text) > 100 else ''}'"


# ---- the connector's own folders


def shown_folder(folder: str) -> str:
    """The folder as callers know it."""
    if folder.split("/")[0] == protocol.OUTPUTS_FOLDER:
        return OUTPUTS + folder[len(protocol.OUTPUTS_FOLDER) :]
    return unmistakable_folder(folder)


def is_of_execution_record(folder: str, name: str) -> bool:
    """Whether a file is part of an execution's record, which is never listed; its outputs are."""
    return folder.split("/")[0] == protocol.OUTPUTS_FOLDER and name in protocol.EXECUTION_FILES


def is_hidden(folder: str) -> bool:
    """Whether a folder, as callers know it, is the connector's own, and listed only on request."""
    return folder.split("/")[0] in (OUTPUTS, protocol.TRANSFERS_FOLDER)
