"""One container of Blob Storage."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Self

from ..outbound.deadlines import Deadline


@dataclass(frozen=True)
class Blob:
    """`size` is in bytes."""

    name: str
    size: int
    etag: str
    content_type: str
    last_modified: datetime
    metadata: Mapping[str, str]


class Container:
    """`url` is its address, without a slash at the end."""

    url: str

    def with_deadline(self, deadline: Deadline) -> Self:
        raise NotImplementedError

    def get_blob(self, name: str) -> Blob:
        raise NotImplementedError

    def read_range(self, name: str, first: int, last: int, *, etag: str) -> bytes:
        raise NotImplementedError

    def put_block(self, name: str, block_id: str, content: bytes) -> None:
        raise NotImplementedError

    def uncommitted_blocks(self, name: str) -> list[tuple[str, int]]:
        raise NotImplementedError

    def commit(
        self,
        name: str,
        block_ids: Sequence[str],
        *,
        content_type: str,
        metadata: Mapping[str, str] | None = None,
        if_match: str | None = None,
        if_absent: bool = False,
    ) -> str:
        raise NotImplementedError

    def delete(self, name: str, *, if_match: str | None = None) -> None:
        raise NotImplementedError

    def list_blobs(self, prefix: str) -> Iterator[Blob]:
        raise NotImplementedError

    def signed_url(self, name: str, *, lifetime_seconds: float, file_name: str, content_type: str) -> str:
        raise NotImplementedError
