"""Get Blob, Get Blob Properties and Get Block List."""

from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from .account import Blob
from .calls import Call, state_headers
from .clock import http_date
from .conditions import check_conditions, refuse_conditions, requested_range
from .content import read
from .errors import StorageError
from .xml_bodies import text_element


async def get_blob(call: Call) -> Response:
    blob = _checked(call)
    part = requested_range(call.headers, blob.size)
    first, end = part or (0, blob.size)
    headers = _headers(call, blob)
    headers["Content-Length"] = str(end - first)
    if part:
        headers["Content-Range"] = f"bytes {first}-{end - 1}/{blob.size}"
        if "Content-MD5" in headers:
            headers["x-ms-blob-content-md5"] = headers.pop("Content-MD5")
    for _, block in blob.blocks:  # from here on, as nothing is awaited before: what is deleted meanwhile is still read
        block.hold()
    return _Streamed(blob, first, end, status=206 if part else 200, headers=headers)


async def get_blob_properties(call: Call) -> Response:
    blob = _checked(call)
    headers = _headers(call, blob)
    headers["Content-Length"] = str(blob.size)
    headers |= {"x-ms-access-tier": "Hot", "x-ms-access-tier-inferred": "true"}
    return Response(headers=headers)


async def get_block_list(call: Call) -> Response:
    refuse_conditions(call.headers)
    wanted = call.query.get("blocklisttype", "committed")
    if wanted not in ("committed", "uncommitted", "all"):
        raise StorageError(
            "InvalidQueryParameterValue", QueryParameterName="blocklisttype", QueryParameterValue=wanted[:100]
        )
    blob = call.container.blobs.get(call.place.blob)
    uncommitted = call.container.uncommitted.get(call.place.blob, {})
    if blob is None and not uncommitted:
        raise StorageError("BlobNotFound")
    lists = ""
    if wanted != "uncommitted":
        committed = [(identifier, block.size) for identifier, block in blob.blocks if identifier] if blob else []
        lists += _blocks("CommittedBlocks", committed)
    if wanted != "committed":
        lists += _blocks("UncommittedBlocks", [(name, block.size) for name, block in sorted(uncommitted.items())])
    body = f'\ufeff<?xml version="1.0" encoding="utf-8"?><BlockList>{lists}</BlockList>'
    headers = {"x-ms-blob-content-length": str(blob.size if blob else 0)}
    if blob:
        headers |= state_headers(blob.etag, blob)
    return Response(body.encode(), headers=headers, media_type="application/xml")


class _Streamed(StreamingResponse):
    """The bytes of a blob, whose blocks are held until the response has ended, in whatever way."""

    def __init__(self, blob: Blob, first: int, end: int, *, status: int, headers: dict[str, str]) -> None:
        self._blocks = [block for _, block in blob.blocks]
        self._pieces = read(self._blocks, first, end)
        super().__init__(self._pieces, status, headers)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            await self._pieces.aclose()  # a file may be open
            for block in self._blocks:
                block.release()


def _checked(call: Call) -> Blob:
    blob = call.blob()
    check_conditions(call.headers, blob.etag, blob.modified, reading=True)
    return blob


def _headers(call: Call, blob: Blob) -> dict[str, str]:
    return {
        **blob.properties.headers,
        **call.caller.overrides,
        **{f"x-ms-meta-{name}": value for name, value in blob.properties.metadata.items()},
        **state_headers(blob.etag, blob),
        "Accept-Ranges": "bytes",
        "x-ms-blob-type": "BlockBlob",
        "x-ms-creation-time": http_date(blob.created),
        "x-ms-lease-state": "available",
        "x-ms-lease-status": "unlocked",
        "x-ms-server-encrypted": "true",
    }


def _blocks(element: str, blocks: list[tuple[str, int]]) -> str:
    if not blocks:
        return f"<{element} />"
    inner = "".join(f"<Block>{text_element('Name', name)}<Size>{size}</Size></Block>" for name, size in blocks)
    return f"<{element}>{inner}</{element}>"
