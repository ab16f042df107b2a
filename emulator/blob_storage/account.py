"""The account: its containers and their blobs, in a folder.

    FOLDER/blocks/RANDOM               the bytes of a block
    FOLDER/containers/NAME/HASH.json   a blob, written at once when it is committed; HASH is of the blob's name

Names of blobs are never names of files. Blocks that are not committed are lost when the program ends. All methods are
called from one thread.
"""

import hashlib
import json
import os
import secrets
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from .clock import Clock
from .content import Block, is_file_of_block
from .errors import StorageError
from .folder_lock import FolderLock

MOST_UNCOMMITTED = 100_000


@dataclass(frozen=True)
class Properties:
    """What a writer states of a blob: HTTP headers by their names, and metadata by names without `x-ms-meta-`."""

    headers: dict[str, str] = field(default_factory=dict)
    metadata: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Blob:
    """A committed blob. `blocks` are those of its list, with their IDs; one that was put at once has a single one."""

    name: str
    blocks: tuple[tuple[str, Block], ...]
    properties: Properties
    etag: str
    created: datetime
    modified: datetime

    @property
    def size(self) -> int:
        return sum(block.size for _, block in self.blocks)


class Container:
    def __init__(self, name: str, folder: Path, modified: datetime) -> None:
        self.name = name
        self.folder = folder
        self.etag = new_etag()
        self.modified = modified
        self._blobs: dict[str, Blob] = {}
        self.uncommitted: dict[str, dict[str, Block]] = {}
        """The blocks of each name of a blob, by their IDs."""

    @property
    def blobs(self) -> Mapping[str, Blob]:
        return self._blobs

    def blob(self, name: str) -> Blob:
        """Raises StorageError."""
        try:
            return self.blobs[name]
        except KeyError:
            raise StorageError("BlobNotFound") from None

    def add_block(self, name: str, block_id: str, block: Block) -> None:
        """Replaces one with the same ID. Raises StorageError; then the block is removed."""
        block.hold()
        known = self.uncommitted.setdefault(name, {})
        committed = [identifier for identifier, _ in self.blobs[name].blocks] if name in self.blobs else []
        lengths = {len(identifier) for identifier in [*list(known)[:1], *filter(None, committed[:1])]}
        try:
            if lengths and lengths != {len(block_id)}:
                raise StorageError("InvalidBlobOrBlock")
            if block_id not in known and len(known) >= MOST_UNCOMMITTED:
                raise StorageError("BlockCountExceedsLimit")
        except StorageError:
            block.release()
            raise
        if block_id in known:
            known[block_id].release()
        known[block_id] = block

    def commit(self, name: str, listed: Iterable[tuple[str, str]], properties: Properties, now: datetime) -> Blob:
        """All at once; uncommitted blocks that are not listed are removed. Raises StorageError."""
        old = dict(self._blobs[name].blocks) if name in self._blobs else {}
        new = self.uncommitted.get(name, {})
        sources: dict[str, dict[str, Block]] = {"Latest": {**old, **new}, "Uncommitted": new, "Committed": old}
        blocks = []
        for where, identifier in listed:
            if identifier not in sources[where]:
                raise StorageError("InvalidBlockList")
            blocks.append((identifier, sources[where][identifier]))
        return self.put(name, tuple(blocks), properties, now)

    def put(self, name: str, blocks: tuple[tuple[str, Block], ...], properties: Properties, now: datetime) -> Blob:
        """Replaces the blob, and removes its uncommitted blocks."""
        old = self._blobs.get(name)
        now = now.replace(microsecond=0)
        blob = Blob(name, blocks, properties, new_etag(), old.created if old else now, now)
        _write(self._file(name), blob)
        for _, block in blocks:
            block.hold()
        self._blobs[name] = blob
        for _, block in old.blocks if old else ():
            block.release()
        for block in self.uncommitted.pop(name, {}).values():
            block.release()
        return blob

    def adopt(self, blob: Blob) -> None:
        """One that an earlier program has written."""
        self._blobs[blob.name] = blob
        for _, block in blob.blocks:
            block.hold()

    def delete(self, name: str) -> None:
        blob = self._blobs.pop(name)
        self._file(name).unlink()
        for _, block in blob.blocks:
            block.release()

    def remove(self) -> None:
        """The container itself, with all that it has."""
        for blob in list(self._blobs):
            self.delete(blob)
        for blocks in self.uncommitted.values():
            for block in blocks.values():
                block.release()
        shutil.rmtree(self.folder)

    def _file(self, name: str) -> Path:
        return self.folder / f"{hashlib.sha256(name.encode()).hexdigest()}.json"


class Account:
    """`folder` is created if it is missing; what an earlier program left there is read."""

    def __init__(self, folder: Path, clock: Clock) -> None:
        """Raises OSError, KeyError and ValueError for a folder that cannot be used."""
        self.clock = clock
        self.blocks = folder / "blocks"
        self._folder = folder / "containers"
        self.containers: dict[str, Container] = {}
        for path in (self.blocks, self._folder):
            path.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._lock = FolderLock(folder)
        try:
            self._read()
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Another program may use the folder then."""
        self._lock.release()

    def container(self, name: str) -> Container:
        """Raises StorageError."""
        try:
            return self.containers[name]
        except KeyError:
            raise StorageError("ContainerNotFound") from None

    def create(self, name: str) -> Container:
        """Raises StorageError."""
        if name in self.containers:
            raise StorageError("ContainerAlreadyExists")
        folder = self._folder / name
        folder.mkdir(mode=0o700)
        self.containers[name] = Container(name, folder, self.clock.now().replace(microsecond=0))
        return self.containers[name]

    def add(self, container: Container) -> None:
        """One that keeps its blobs itself; in place of one of the same name."""
        self.containers[container.name] = container

    def delete(self, name: str) -> None:
        """Raises StorageError."""
        self.container(name).remove()
        del self.containers[name]

    def _read(self) -> None:
        kept: set[Path] = set()
        for folder in filter(Path.is_dir, self._folder.iterdir()):
            modified = datetime.fromtimestamp(int(folder.stat().st_mtime), UTC)
            container = self.containers[folder.name] = Container(folder.name, folder, modified)
            for file in folder.glob("*.json"):
                blob = _blob(json.loads(file.read_text("utf-8")), self.blocks)
                container.adopt(blob)
                kept.update(block.path for _, block in blob.blocks)
        for path in set(self.blocks.iterdir()) - kept:
            if is_file_of_block(path):
                path.unlink()


def new_etag() -> str:
    """Without the quotation marks that headers have around it."""
    return f"0x8{secrets.token_hex(8)[1:].upper()}"


def _write(path: Path, blob: Blob) -> None:
    members = {
        "name": blob.name,
        "blocks": [[identifier, block.path.name, block.size] for identifier, block in blob.blocks],
        "headers": blob.properties.headers,
        "metadata": blob.properties.metadata,
        "etag": blob.etag,
        "created": blob.created.isoformat(),
        "modified": blob.modified.isoformat(),
    }
    unfinished = path.with_suffix(".new")
    unfinished.write_text(json.dumps(members), "utf-8")
    os.replace(unfinished, path)


def _blob(members: dict[str, Any], folder: Path) -> Blob:
    known: dict[str, Block] = {}  # a block may be listed twice
    blocks = []
    for identifier, file, size in members["blocks"]:
        blocks.append((identifier, known.setdefault(file, Block(folder / file, size))))
    return Blob(
        members["name"],
        tuple(blocks),
        Properties(members["headers"], members["metadata"]),
        members["etag"],
        datetime.fromisoformat(members["created"]),
        datetime.fromisoformat(members["modified"]),
    )
