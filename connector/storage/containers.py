"""One container of Blob Storage, with a method for each thing that the connector does there."""

import contextlib
import copy
import secrets
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Self

from ..errors import BlobChanged, BlobExists, BlobNotFound, ConnectorError
from ..outbound.deadlines import Deadline, Deadlines
from . import wire
from .addresses import ContainerAddress, check_blob_name, quoted
from .calls import Credential, Request, Response, StorageCalls
from .errors import RangeAfterEnd, unreadable_response
from .signed_urls import LONGEST_LIFETIME_SECONDS, Clock, DelegationKeys, signed_query
from .wire import Blob

__all__ = ["Blob", "Container"]

_LONGEST_BLOCK_ID = 64


class Container:
    """Safe to use from as many threads as it has `connections`. `url` has no slash at the end.

    Every call is sent again where that may help, until the deadline: that of `with_deadline`, or one of its own. Each
    raises StorageAccessDenied, StorageRejected, StorageUnavailable and StorageTimeout, and InvalidRequest for a name
    that blobs cannot have.
    """

    def __init__(
        self,
        url: str,
        credential: Credential,
        *,
        setting: str = "FILES_CONTAINER_URL",
        connections: int = 16,
        deadlines: Deadlines | None = None,
        blobs_per_page: int = 1000,
        clock: Clock = time.time,
    ) -> None:
        """`setting` has the address: messages name it, and the role that its containers need. Lists are requested in
        pages of at most `blobs_per_page`. `clock` is the time in seconds since 1970.
        """
        self.address = ContainerAddress.of(url)
        self._blobs_per_page = blobs_per_page
        self._clock = clock
        self._calls = StorageCalls(
            self.address,
            credential,
            setting=setting,
            connections=connections,
            deadlines=deadlines or Deadlines(),
        )
        self._keys = DelegationKeys(self._calls, clock)
        self._deadline: Deadline | None = None
        self._before_call: Callable[[], None] = _nothing

    @property
    def url(self) -> str:
        return self.address.url

    def with_deadline(self, deadline: Deadline) -> Self:
        """The same container, for an operation with this deadline."""
        other = copy.copy(self)
        other._deadline = deadline
        return other

    def entered_by(self, before_call: Callable[[], None]) -> Self:
        """The same container. `before_call` may refuse each call by raising a ConnectorError."""
        other = copy.copy(self)
        other._before_call = before_call
        return other

    def blob_url(self, name: str) -> str:
        """The address of a blob, without a signature."""
        return self.address.blob_url(check_blob_name(name))

    def get_blob(self, name: str) -> Blob:
        """Raises BlobNotFound."""
        return wire.read_properties(name, self._call("GetBlobProperties", "HEAD", name).headers)

    def read_range(self, name: str, first: int, last: int, *, etag: str) -> bytes:
        """The bytes from `first` to `last`, of the version with this `etag`: fewer where the blob ends before `last`,
        none after its end. Raises BlobNotFound, BlobChanged and BlobArchived.
        """
        try:
            response = self._call(
                "GetBlob",
                "GET",
                name,
                headers={"Range": f"bytes={first}-{last}", "If-Match": etag},
                accepted=206,
                most_bytes=last - first + 1,
            )
        except RangeAfterEnd:
            return b""
        if not response.headers.get("Content-Range", "").startswith(f"bytes {first}-"):
            raise unreadable_response()
        return response.content

    def put_block(self, name: str, block_id: str, content: bytes) -> None:
        """Stores a part of a blob, which `commit` makes a blob of; without that, it is removed after a week. A block
        that is put again is replaced. The content is not empty.

        All IDs of blocks of a blob, also those of other programs, have the same length: 1 to 64 bytes. So that two that
        write the same blob cannot mix their blocks, IDs begin with what is the writer's own. Raises BlobExists if
        another program has put blocks whose IDs have another length.
        """
        if not content or not 1 <= len(block_id.encode()) <= _LONGEST_BLOCK_ID:
            raise ValueError("a block has content, and an ID of 1 to 64 bytes")
        query = {"comp": "block", "blockid": wire.encoded_block_id(block_id)}
        self._call("PutBlock", "PUT", name, query=query, content=content, accepted=201)

    def uncommitted_blocks(self, name: str) -> list[tuple[str, int]]:
        """The IDs of all blocks that were put since the last commit, in no particular order, with their sizes."""
        query = {"comp": "blocklist", "blocklisttype": "uncommitted"}
        try:
            response = self._call("GetBlockList", "GET", name, query=query)
        except BlobNotFound:
            return []
        return wire.read_uncommitted_blocks(response.content)

    def commit(
        self,
        name: str,
        block_ids: Sequence[str],
        *,
        content_type: str,
        metadata: Mapping[str, str] | None = None,
        if_match: str | None = None,
        if_absent: bool = False,
        commit_id: str | None = None,
    ) -> str:
        """Makes the blob of blocks that were put, and removes all others. Returns its ETag.

        Replaces a blob of this name: only that with the ETag `if_match`, none with `if_absent`. Raises BlobChanged if
        the blob is not that one, or if another commit has removed the blocks; and BlobExists.

        A commit that succeeds and whose response is lost would fail when it is repeated. So the blob states its
        `commit_id` in its metadata, and a commit that has failed because the blob already is its own has succeeded. An
        ID that the caller keeps makes the repetition by another request succeed too; without it, each call has one.

        Names of `metadata` have lower-case letters, digits and underscores, and values are printable ASCII.
        """
        commit_id = commit_id or secrets.token_hex(16)
        headers = {"Content-Type": "application/xml", "x-ms-blob-content-type": content_type}
        headers |= wire.metadata_headers({**(metadata or {}), wire.COMMIT: commit_id})
        if if_match is not None:
            headers["If-Match"] = if_match
        elif if_absent:
            headers["If-None-Match"] = "*"
        body = wire.block_list(block_ids)
        try:
            response = self._call(
                "PutBlockList", "PUT", name, query={"comp": "blocklist"}, headers=headers, content=body, accepted=201
            )
        except (BlobChanged, BlobExists):
            etag = self._etag_of_commit(name, commit_id)
            if etag is None:
                raise
            return etag
        return wire.read_etag(response.headers)

    def delete(self, name: str, *, if_match: str | None = None) -> None:
        """Raises BlobNotFound, unless it is the response to a second attempt: then the first has deleted the blob. And
        BlobChanged if the blob does not have the ETag `if_match`.
        """
        headers = {} if if_match is None else {"If-Match": if_match}
        self._call("DeleteBlob", "DELETE", name, headers=headers, accepted=202, deleted_when_retried=True)

    def list_blobs(self, prefix: str) -> Iterator[Blob]:
        """The blobs whose names begin with `prefix`, by name. They are requested while the iterator is used."""
        query = {"restype": "container", "comp": "list", "include": "metadata", "maxresults": str(self._blobs_per_page)}
        if prefix:
            query["prefix"] = prefix
        marker = ""
        while True:
            page = query | ({"marker": marker} if marker else {})
            response = self._send(Request("ListBlobs", "GET", self.address.container, page))
            blobs, following = wire.read_blobs(response.content)
            yield from blobs
            if not following:
                return
            if following == marker:
                raise unreadable_response()
            marker = following

    def signed_url(self, name: str, *, lifetime_seconds: float, file_name: str, content_type: str) -> str:
        """A URL that lets whoever has it read this blob, and that browsers save as `file_name`. A lifetime has 4 hours
        at most.
        """
        if not 0 < lifetime_seconds <= LONGEST_LIFETIME_SECONDS:
            raise ValueError(f"a lifetime has at most {LONGEST_LIFETIME_SECONDS} seconds")
        url = self.blob_url(name)
        expires = datetime.fromtimestamp(self._clock() + lifetime_seconds, UTC)
        self._before_call()
        key = self._keys.lasting(expires, self._deadline_of(0))
        query = signed_query(key, self.address, name, expires=expires, file_name=file_name, content_type=content_type)
        return f"{url}?{query}"

    def _etag_of_commit(self, name: str, commit_id: str) -> str | None:
        with contextlib.suppress(ConnectorError):
            blob = self.get_blob(name)
            if blob.commit_id == commit_id:
                return blob.etag
        return None

    def _call(self, operation: str, method: str, name: str, **more: Any) -> Response:
        """`more` are further members of a Request."""
        path = f"{self.address.container}/{quoted(check_blob_name(name))}"
        return self._send(Request(operation, method, path, **more))

    def _send(self, request: Request) -> Response:
        self._before_call()
        n_bytes = len(request.content or b"") + (request.most_bytes if request.accepted == 206 else 0)
        return self._calls.call(request, self._deadline_of(n_bytes))

    def _deadline_of(self, n_bytes: int) -> Deadline:
        if self._deadline is not None:
            return self._deadline
        deadlines = self._calls.deadlines
        return deadlines.of_transfer(deadlines.of_operation(), n_bytes)


def _nothing() -> None:
    pass
