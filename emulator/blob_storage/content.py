"""Bytes of blobs: blocks in files, which are removed when neither a blob nor a reader needs them any more."""

import asyncio
import hashlib
import re
import secrets
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path

_CHUNK_BYTES = 1 << 20


@dataclass(eq=False)
class Block:
    """One file, and how many blobs, lists of uncommitted blocks and readers hold it.

    With `is_foreign`, the file is not the account's own, and is never removed.
    """

    path: Path
    size: int
    holders: int = 0
    is_foreign: bool = False

    def hold(self) -> None:
        self.holders += 1

    def release(self) -> None:
        self.holders -= 1
        if self.holders == 0 and not self.is_foreign:
            self.path.unlink(missing_ok=True)


def is_file_of_block(path: Path) -> bool:
    """Whether it may be removed when nothing needs it: other files in the folder are somebody's."""
    return re.fullmatch("[0-9a-f]{32}", path.name) is not None and path.is_file()


class TooShort(Exception):
    """A body ended before its length."""


class WrongDigest(Exception):
    """A body is not the one whose MD5 was announced. `args` has the MD5 that it has."""


async def received(
    folder: Path, pieces: AsyncIterator[bytes], size: int, announced: bytes | None, *, with_digest: bool
) -> tuple[Block, bytes]:
    """A block with the bytes of a body, and their MD5, which is b"" if nobody needs it.

    Raises TooShort and WrongDigest; then there is no file.
    """
    with_digest = with_digest or announced is not None
    path = folder / secrets.token_hex(16)
    digest = hashlib.md5(usedforsecurity=False)
    got = 0
    try:
        with path.open("xb", buffering=_CHUNK_BYTES) as file:
            async for piece in pieces:
                got += len(piece)
                if with_digest:
                    digest.update(piece)
                file.write(piece)
        if got != size:
            raise TooShort
        if announced not in (None, digest.digest()):
            raise WrongDigest(digest.digest())
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return Block(path, size), digest.digest() if with_digest else b""


async def read(blocks: Sequence[Block], first: int, end: int) -> AsyncGenerator[bytes, None]:
    """The bytes from `first` to before `end` of what the blocks have together. The caller holds the blocks."""
    at = 0
    for block in blocks:
        begin, until = max(first - at, 0), min(end - at, block.size)
        at += block.size
        if begin >= until:
            continue
        with block.path.open("rb") as file:
            file.seek(begin)
            while begin < until:
                chunk = await asyncio.to_thread(file.read, min(_CHUNK_BYTES, until - begin))
                if not chunk:
                    raise OSError("the file of a block became shorter")
                begin += len(chunk)
                yield chunk
