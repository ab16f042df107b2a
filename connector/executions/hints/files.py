"""Files and folders that do not exist, or cannot be written."""

import errno
import re

from .failure import Failure, Link, alternatives, listed

_WRITES = re.compile(
    r"savefig|\.save\(|\.to_\w+\(|write_\w+\(|ExcelWriter|PdfPages|ZipFile|\.dump\(|sqlite3\.connect|copy|move|rename|"
    r"['\"][wax]b?t?\+?b?['\"]|writer"
)
_MISSING_FOLDER = re.compile(r"non-existent directory: '(?P<folder>.*)'")
_PATH = re.compile(r"No such file or directory: '(?P<path>.*)'")


def hint(failure: Failure) -> str | None:
    error = failure.error
    folder = _MISSING_FOLDER.search(error.message)
    if folder:
        return _create(folder["folder"])
    for link in failure.causes:
        if link.name in ("FileNotFoundError", "NotADirectoryError"):
            return _not_found(failure, link)
    if error.name == "PermissionError" and "Errno 13" in error.message:
        return "The code has no permission to read or write there. Use files below /mnt/data."
    if error.number("errno") == errno.EROFS or "Read-only file system" in error.message:
        return "That folder cannot be written. Write files below /mnt/data."
    if error.number("errno") == errno.ENOSPC or "No space left on device" in error.message:
        return "The session's disk is full. Delete files, or end the session with EndSession."
    if error.name == "IsADirectoryError":
        return "The path is a folder. Append the name of a file."
    if "unable to open database file" in error.message:
        return (
            "The folder of the database does not exist or cannot be written. Create it first with os.makedirs, "
            "or use /mnt/data."
        )
    return None


def _not_found(failure: Failure, link: Link) -> str | None:
    if "files" not in link.facts:
        return _from_message(failure, link)
    wanted, folder = link.text("filename"), link.text("missingFolder")
    if re.match(r"(?:https?|ftp|s3|abfss?)://", wanted) or re.match(r"https?:/[^/]", wanted):
        return "open() reads no URLs. Fetch the data beforehand, and upload it with UploadFile."
    if folder and _WRITES.search(failure.source):
        return _create(folder)
    same, similar, files = link.texts("sameFiles"), link.texts("similarFiles"), link.texts("files")
    if same:
        return f"The session has a file with that name: {alternatives(same)}"
    if wanted.startswith("~"):
        return "Python does not expand ~. Use os.path.expanduser, or a path below /mnt/data."
    if similar:
        return f"Did you mean {alternatives(similar)}?"
    missing = f"The folder {folder} does not exist. " if folder and folder != "/mnt/data" else ""
    if re.match(r"[A-Za-z]:[\\/]", wanted):
        missing = "That is a path on another computer. "
    if not files:
        return f"{missing}The session has no files. Upload them with UploadFile, with the same session ID."
    return f"{missing}The session has these files: {listed(files, link.number('fileCount'))}"


def _create(folder: str) -> str:
    if folder.startswith("/") and not folder.startswith(("/mnt/data/", "/tmp/", "/home/")):
        return f"The folder {folder} does not exist. Write files below /mnt/data."
    return f"The folder {folder} does not exist. Create it first: `os.makedirs({folder!r}, exist_ok=True)`."


def _from_message(failure: Failure, link: Link) -> str | None:
    """For direct runs, where the session's files are unknown."""
    found = _PATH.search(link.message)
    if found is None:
        return None
    folder = found["path"].rpartition("/")[0]
    if folder and folder != "/mnt/data" and _WRITES.search(failure.source):
        return f"If the folder {folder} does not exist, create it first: `os.makedirs({folder!r}, exist_ok=True)`."
    return (
        "ListFiles lists the session's files, which are in /mnt/data. Upload missing ones with UploadFile, with "
        "the same session ID."
    )
