"""What files and folders of a session may be called, which of them are the connector's own, and what a name tells."""

import mimetypes
import re
import unicodedata

from ..errors import InvalidFileName
from ..in_session import protocol
from ..models import FilePath

OUTPUTS = ".outputs"
"""How callers know the folder of what runs displayed; sessions take no dots in the names of folders."""

TRANSFERS = "_transfers"
"""In the data folder: a folder for each upload that is not complete, and parts of files on their way out."""

# What sessions take: letters of any script, digits, and these; a folder's name has no dot. Source: the documentation of
# code-interpreter sessions.
_OTHERS_IN_NAMES = " -_.@$&=;,#%^()"
# What the file system of a session takes beyond that, beside combining marks, which are neither letters nor digits.
# Such a file is reached inside the session alone.
_ONLY_IN_SESSIONS = "+!'~[]{}"
_FOLDER = re.compile(r"[\w \-@$&=;,#%^()]+(/[\w \-@$&=;,#%^()]+)*")
_LONGEST_NAME_BYTES = 255
# Python's own table, without the machine's, and what it lacks in some versions.
_TYPES = mimetypes.MimeTypes(filenames=())
for _kind, _ending in (
    ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", ".xlsx"),
    ("application/vnd.openxmlformats-officedocument.wordprocessingml.document", ".docx"),
    ("application/vnd.openxmlformats-officedocument.presentationml.presentation", ".pptx"),
    ("application/vnd.apache.parquet", ".parquet"),
    ("application/x-ndjson", ".jsonl"),
    ("application/yaml", ".yaml"),
    ("text/markdown", ".md"),
):
    _TYPES.add_type(_kind, _ending)


def joined(*parts: str) -> str:
    """A path below the data folder, of folders and a name; a folder may be empty."""
    return "/".join(part for part in parts if part)


def content_type(file_name: str) -> str:
    """Told by the name, the same on every machine; a compressed file is just bytes."""
    kind, encoding = _TYPES.guess_type(file_name)
    return kind if kind is not None and encoding is None else "application/octet-stream"


def checked_folder(folder: str) -> str:
    """The folder relative to /mnt/data, however it was written. Raises InvalidFileName."""
    path = folder.strip("/")
    if path == "mnt/data" or path.startswith("mnt/data/"):
        path = path[len("mnt/data") :].strip("/")
    if path.split("/")[0] == OUTPUTS:
        path = protocol.OUTPUTS_FOLDER + path[len(OUTPUTS) :]
    if path and not _FOLDER.fullmatch(path):
        raise InvalidFileName(
            f"The folder {ascii(folder[:100])} is not one that sessions take: letters, digits, spaces and - _ @ $ & = "
            "; , # % ^ ( ), no dot, with / between folders. It is relative to /mnt/data.",
            target="folder",
        )
    if longest := max((part for part in path.split("/") if len(part.encode()) > _LONGEST_NAME_BYTES), default=""):
        raise InvalidFileName(
            f"The folder has a part of more than {_LONGEST_NAME_BYTES} bytes: {ascii(longest[:100])}... Shorten it.",
            target="folder",
        )
    return path


def checked_path(name: str, folder: str) -> FilePath:
    """Where that file is, however the folder was written. Raises InvalidFileName."""
    return FilePath(checked_folder(folder), checked_name(name))


def checked_destination(folder: str, *names: str) -> str:
    """The same for a folder that files of these names go to. What is in the connector's own is removed, or believed."""
    path = checked_folder(folder)
    own = next((place for place in (joined(path, name) for name in ("", *names)) if is_hidden(shown_folder(place))), "")
    if own:
        raise InvalidFileName(
            f"The folder '{shown_folder(own)[:100]}' is the connector's own, which removes old files there: nothing "
            "can be uploaded to it, or in its place. Use another folder or name.",
            target="folder" if is_hidden(shown_folder(path)) else "fileName",
        )
    return path


def checked_name(name: str, target: str = "fileName") -> str:
    odd = sorted({character for character in name if not _may_stand_in_a_name(character)})
    if len(name.encode("utf-8", "surrogatepass")) > _LONGEST_NAME_BYTES:
        wrong = f"is longer than {_LONGEST_NAME_BYTES} bytes"
    elif name in (".", "..") or "/" in name or "\\" in name or "%2f" in name.lower():
        wrong = "is a path; send the name alone, and the folder as `folder`"
    elif odd:
        wrong = "has " + " ".join(ascii(character) for character in odd[:5])
    elif not name:
        wrong = "is empty"
    else:
        return name
    raise InvalidFileName(
        f"The file name {ascii(name[:100])} {wrong}. "
        "Sessions take letters, digits, spaces and - _ . @ $ & = ; , # % ^ ( ) + ! ' ~ [ ] { }.",
        target=target,
    )


def is_known_to_pool(name: str) -> bool:
    """False for a name that sessions take and the pool does not, or may not."""
    return not any(character in _ONLY_IN_SESSIONS or unicodedata.category(character)[0] == "M" for character in name)


def _may_stand_in_a_name(character: str) -> bool:
    """Letters and digits of any script, and the marks that belong to them. The pool has the last word."""
    return character in _OTHERS_IN_NAMES + _ONLY_IN_SESSIONS or unicodedata.category(character)[0] in "LMN"


def shown_folder(folder: str) -> str:
    """As callers know it."""
    return (
        OUTPUTS + folder[len(protocol.OUTPUTS_FOLDER) :] if folder.split("/")[0] == protocol.OUTPUTS_FOLDER else folder
    )


def is_kept_of_run(folder: str, name: str) -> bool:
    """Whether a file is what a session keeps of a run, beside the outputs: it is never listed."""
    return folder.split("/")[0] == protocol.OUTPUTS_FOLDER and name in protocol.EXECUTION_FILES


def is_hidden(folder: str) -> bool:
    """Whether a folder, as callers know it, is the connector's own: its files are listed where it is asked for."""
    return folder.split("/")[0] in (OUTPUTS, TRANSFERS)
