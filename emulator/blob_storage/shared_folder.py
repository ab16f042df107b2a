"""A container whose blobs are the files of a folder, as they are at the moment: to import a file, copy it there.

Nobody can write to it over HTTP. Links that lead out of the folder are no blobs.
"""

import hashlib
import os
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

from .account import Blob, Container, Properties
from .content import Block
from .errors import StorageError
from .names import blob_name

_TYPE = Properties({"Content-Type": "application/octet-stream"})


class SharedFolder(Container):
    def __init__(self, name: str, folder: Path, modified: datetime) -> None:
        """The folder is created if it is missing. Raises OSError."""
        folder.mkdir(parents=True, exist_ok=True)
        super().__init__(name, folder, modified)
        self._files = _Files(folder)

    @property
    def blobs(self) -> Mapping[str, Blob]:
        return self._files

    def add_block(self, name: str, block_id: str, block: Block) -> None:
        raise StorageError("BlobImmutableDueToPolicy")

    def commit(self, name: str, listed: Iterable[tuple[str, str]], properties: Properties, now: datetime) -> Blob:
        raise StorageError("BlobImmutableDueToPolicy")

    def put(self, name: str, blocks: tuple[tuple[str, Block], ...], properties: Properties, now: datetime) -> Blob:
        raise StorageError("BlobImmutableDueToPolicy")

    def delete(self, name: str) -> None:
        raise StorageError("BlobImmutableDueToPolicy")

    def remove(self) -> None:
        raise StorageError("BlobImmutableDueToPolicy")


class _Files(Mapping[str, Blob]):
    """By paths below the folder, with slashes."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __getitem__(self, name: str) -> Blob:
        segments = name.split("/")
        path = self._folder.joinpath(*segments)
        try:
            if not all(segments) or not path.resolve().is_relative_to(self._folder.resolve()) or not path.is_file():
                raise KeyError(name)
            state = path.stat()
        except (OSError, ValueError, RuntimeError):  # for what no path can have, and for links in a circle
            raise KeyError(name) from None
        version = f"{state.st_ino} {state.st_size} {state.st_mtime_ns}"
        etag = f"0x8{hashlib.sha256(version.encode()).hexdigest()[:15].upper()}"
        modified = datetime.fromtimestamp(int(state.st_mtime), UTC)
        block = Block(path, state.st_size, is_foreign=True)
        return Blob(name, (("", block),), _TYPE, etag, modified, modified)

    def __iter__(self) -> Iterator[str]:
        for folder, _, files in os.walk(self._folder):
            for file in files:
                name = Path(folder, file).relative_to(self._folder).as_posix()
                try:
                    name.encode()
                    if blob_name(name) in self:
                        yield name
                except (StorageError, UnicodeEncodeError):
                    continue  # a name that no blob can have

    def __len__(self) -> int:
        return sum(1 for _ in self)
