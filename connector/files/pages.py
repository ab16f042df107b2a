"""Pages of a list of files. Their tokens are the place where the next page begins, so nothing is stored.

A page begins after the path of the last file of the page before, whether that file still exists or not. So files that
are created or deleted meanwhile move no other file from one page to another.
"""

import base64
import bisect
import hashlib
import json
from dataclasses import dataclass

from ..errors import InvalidRequest
from ..models import File, to_wire

DEFAULT_ITEMS = 500

_PAGE_CHARACTERS = 75_000
"""Of the files of a page as JSON. With its addresses, a page has less than the 90,000 characters that agents read."""

_DIGEST_BYTES = 6

Position = tuple[str, str]
"""A folder, as callers know it, and a name."""


@dataclass(frozen=True)
class Listing:
    """What a list is of: its tokens are valid for no other list."""

    folder: str
    recursive: bool

    def token(self, last: File) -> str:
        """For the page after the one that ends with this file."""
        path = f"{last.folder}/{last.file_name}".encode()
        return base64.urlsafe_b64encode(self._digest(path) + path).decode().rstrip("=")

    def position(self, token: str) -> Position:
        """Of the file that the page before ended with. Raises InvalidRequest."""
        try:
            content = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
            digest, path = content[:_DIGEST_BYTES], content[_DIGEST_BYTES:]
            if digest != self._digest(path):
                raise ValueError
            folder, _, name = path.decode().rpartition("/")
        except ValueError:  # binascii.Error and UnicodeDecodeError are ValueErrors too
            raise InvalidRequest(
                "The continuationToken does not belong to this list. Send the token of the page before with the same "
                "folder and recursive, or omit it to begin with the first page.",
                target="continuationToken",
            ) from None
        return folder, name

    def _digest(self, path: bytes) -> bytes:
        """Shows that a token is complete. It protects nothing: whoever sends it may list all files anyway."""
        return hashlib.sha256(f"{self.recursive}\n{self.folder}\n".encode() + path).digest()[:_DIGEST_BYTES]


def page(files: list[File], after: Position | None, max_items: int) -> tuple[list[File], bool]:
    """The page of the sorted `files` that begins after a position, and whether there are more. It has `max_items` at
    most, fewer where these would be too many characters, but at least one.
    """
    first = 0 if after is None else bisect.bisect_right(files, after, key=_position)
    last, characters = first, 0
    while last < len(files) and last - first < max_items:
        characters += len(json.dumps(to_wire(files[last]))) + 2
        if characters > _PAGE_CHARACTERS and last > first:
            break
        last += 1
    while 0 < last < len(files) and _position(files[last]) == _position(files[last - 1]):
        last += 1  # their names have bytes that are not UTF-8, and are shown alike: a token cannot separate them
    return files[first:last], last < len(files)


def _position(file: File) -> Position:
    return file.folder, file.file_name
