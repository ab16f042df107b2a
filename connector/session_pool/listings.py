"""Lists of files in a session: all pages of a folder and, where the pool does not list recursively, all folders below.

The number of files and folders is limited: code in the session can make millions.
"""

import collections
from collections.abc import Callable
from dataclasses import replace

import requests

from ..errors import InvalidFileName, InvalidRequest
from ..models import unmistakable_folder
from .client import read_object
from .wire import PoolFile, ResponseTooLarge, Wire

MOST_FILES = 100_000
"""In a list, with folders: each takes about a kilobyte of memory."""

_MOST_FOLDERS = 2000
"""Where each folder is a call."""

_DEEPEST_FOLDER = 50
"""Nesting up to which folders are listed, where each is a call."""

ReadPage = Callable[[str, dict[str, str]], requests.Response]
"""Requests one page of a folder, with the parameters of the page."""


class TooManyFiles(InvalidRequest):
    """A folder with more than MOST_FILES."""

    @property
    def code(self) -> str:
        return InvalidRequest.__name__


def too_many_files() -> TooManyFiles:
    return TooManyFiles(
        f"The folder has more than {MOST_FILES:,} files, or {_MOST_FOLDERS:,} folders. List its folders one at a time, "
        "or list the files with code.",
        target="folder",
    )


def files_in(
    read_page: ReadPage, wire: Wire, folder: str, *, recursive: bool, refused: list[str] | None
) -> list[PoolFile]:
    """Files alone, as `SessionClient.list_files` describes. Raises TooManyFiles and InvalidFileName."""
    parameters = {"recursive": "true"} if recursive and wire.lists_recursively else {}
    found: list[PoolFile] = []
    folders = collections.deque([""])
    listed = 0
    while folders:
        below = folders.popleft()
        listed += 1
        if listed > _MOST_FOLDERS or len(found) > MOST_FILES:
            raise too_many_files()
        path = "/".join(filter(None, (folder, below)))
        try:
            if below and unmistakable_folder(path) != path:
                raise InvalidFileName(f"The pool reads '{path[:100]}' as an absolute path. List the folder with code.")
            entries = entries_of(read_page, wire, path, parameters)
        except InvalidFileName:
            if refused is None or not below:
                raise
            refused.append(below)
            continue
        for entry in entries:
            if entry.is_folder and recursive and not parameters and below.count("/") < _DEEPEST_FOLDER:
                folders.append("/".join(filter(None, (below, entry.name))))
            elif not entry.is_folder and (recursive or not entry.directory):
                directory = "/".join(filter(None, (below, entry.directory)))
                found.append(replace(entry, directory=directory))
    return found


def entries_of(read_page: ReadPage, wire: Wire, folder: str, parameters: dict[str, str]) -> list[PoolFile]:
    """The files and folders of one listing, from all of its pages. Raises TooManyFiles."""
    entries: list[PoolFile] = []
    seen: set[frozenset[tuple[str, str]]] = set()
    while (page := frozenset(parameters.items())) not in seen:  # a pool that repeats a page has no more
        seen.add(page)
        try:
            body = read_object(read_page(folder, parameters))
        except ResponseTooLarge:
            raise too_many_files() from None
        entries += wire.read_list(body)
        if len(entries) > MOST_FILES:
            raise too_many_files()
        if not (more := wire.read_next_page(body)):
            break
        parameters = {**parameters, **more}
    return entries
