"""Put Block, Put Block List, Put Blob and Delete Blob.

A write has its effect at its end, at once, and on no condition that was checked before its body had arrived.
"""

import base64
from dataclasses import replace

from starlette.responses import Response

from .calls import Call, state_headers
from .conditions import check_conditions, refuse_conditions
from .content import Block
from .errors import StorageError, not_implemented
from .xml_bodies import MOST_BYTES, block_id, block_list

MOST_BLOCK_BYTES = 4000 << 20
MOST_BLOB_BYTES = 5000 << 20
"""Of Put Block and of Put Blob, from version 2019-12-12 on."""

_ENCRYPTED = {"x-ms-request-server-encrypted": "true"}


async def put_block(call: Call) -> Response:
    refuse_conditions(call.headers)
    identifier = call.query.get("blockid", "")
    if not identifier:
        raise StorageError("MissingRequiredQueryParameter", QueryParameterName="blockid")
    if block_id(identifier) is None:
        raise StorageError(
            "InvalidQueryParameterValue", QueryParameterName="blockid", QueryParameterValue=identifier[:100]
        )
    _ = call.container  # before the body is read
    if call.length(MOST_BLOCK_BYTES) == 0:
        raise StorageError("InvalidHeaderValue", HeaderName="Content-Length", HeaderValue="0")
    block, _ = await call.content(MOST_BLOCK_BYTES)
    _into_container(call, block, identifier)
    echo = {"Content-MD5": call.headers["content-md5"]} if "content-md5" in call.headers else {}
    return Response(status_code=201, headers={**_ENCRYPTED, **echo})


async def put_block_list(call: Call) -> Response:
    _ = call.container
    listed = block_list(await call.body(MOST_BYTES))
    properties = call.properties()
    _check(call)
    blob = call.container.commit(call.place.blob, listed, properties, call.account.clock.now())
    return Response(status_code=201, headers={**state_headers(blob.etag, blob), **_ENCRYPTED})


async def put_blob(call: Call) -> Response:
    kind = call.headers.get("x-ms-blob-type")
    if kind is None:
        raise StorageError("MissingRequiredHeader", HeaderName="x-ms-blob-type")
    if kind in ("PageBlob", "AppendBlob"):
        raise not_implemented(f"blobs of the type {kind}")
    if kind != "BlockBlob":
        raise StorageError("InvalidHeaderValue", HeaderName="x-ms-blob-type", HeaderValue=kind[:100])
    _ = call.container
    properties = call.properties(content_type=call.headers.get("content-type", ""))
    block, md5 = await call.content(MOST_BLOB_BYTES, with_digest=True)
    block.hold()
    try:
        digest = base64.b64encode(md5).decode()
        stored = properties.headers.get("Content-MD5")
        if stored not in (None, digest):
            raise StorageError("Md5Mismatch", UserSpecifiedMd5=stored or "", ServerCalculatedMd5=digest)
        properties = replace(properties, headers={**properties.headers, "Content-MD5": digest})
        _check(call)
        blob = call.container.put(call.place.blob, (("", block),), properties, call.account.clock.now())
    finally:
        block.release()
    return Response(status_code=201, headers={**state_headers(blob.etag, blob), **_ENCRYPTED, "Content-MD5": digest})


async def delete_blob(call: Call) -> Response:
    blob = call.blob()
    check_conditions(call.headers, blob.etag, blob.modified, reading=False)
    call.container.delete(blob.name)
    return Response(status_code=202, headers={"x-ms-delete-type-permanent": "true"})


def _into_container(call: Call, block: Block, identifier: str) -> None:
    """The container may have been deleted while the body arrived. Raises StorageError; then the block is removed."""
    block.hold()
    try:
        call.container.add_block(call.place.blob, identifier, block)
    finally:
        block.release()


def _check(call: Call) -> None:
    blob = call.container.blobs.get(call.place.blob)
    check_conditions(call.headers, blob.etag if blob else None, blob.modified if blob else None, reading=False)
