"""Files as all wire families transfer them: multipart uploads, raw downloads, lists and entries."""

import asyncio
import re
from collections.abc import AsyncIterator
from typing import Any, BinaryIO
from urllib.parse import unquote_to_bytes

from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.responses import Response, StreamingResponse

from ..engines.interface import MAX_UPLOAD_BYTES, Entry, folder_parts, pace
from .calls import Call, joined_path, limited
from .errors import WireError, invalid

_FILE_NAME_STAR = re.compile(rb";\s*filename\*\s*=\s*utf-8'[^';]*'([^;\s]+)", re.IGNORECASE)
_MULTIPART_OVERHEAD_BYTES = 64 << 10  # what a multipart body may hold besides the file
_CHUNK_BYTES = 256 << 10


async def store_upload(call: Call) -> tuple[Entry, str]:
    """Stores the file of a multipart body. Returns its entry and its path relative to /mnt/data. Raises WireError."""
    session = await call.session()
    if not call.http.headers.get("content-type", "").lower().startswith("multipart/form-data"):
        raise invalid("the body of an upload is multipart/form-data with a part named 'file'")
    request = limited(call.http, MAX_UPLOAD_BYTES + _MULTIPART_OVERHEAD_BYTES)
    body = _MultipartBody(request.headers, request.stream(), max_files=1, max_fields=20)
    try:
        part = (await body.parse()).get("file")
        if not isinstance(part, UploadFile) or not part.filename:
            raise invalid("the multipart body has no part named 'file' with a file name")
        folder, name = joined_path(call.folder, part.filename)
        entry = await asyncio.to_thread(session.data.write, folder, name, part.file)
    except MultiPartException as malformed:
        raise invalid(f"the body is not multipart/form-data with one file ({malformed.message})") from None
    finally:
        body.close()
    return entry, file_path(folder, name)


class _MultipartBody(MultiPartParser):
    """Also reads a file's name from `filename*`, which wins: .NET sends it next to a `filename` in MIME encoding."""

    def on_headers_finished(self) -> None:
        part = self._current_part
        if part.content_disposition and (star := _FILE_NAME_STAR.search(part.content_disposition)):
            name = unquote_to_bytes(star[1]).replace(b"\\", b"\\\\").replace(b'"', b'\\"')
            part.content_disposition += b'; filename="' + name + b'"'  # of two, the last one counts
        super().on_headers_finished()

    def close(self) -> None:
        """Also closes the file of an unterminated part, which the parser itself leaves open."""
        for file in self._files_to_close_on_error:
            file.close()


def file_path(folder: str, name: str) -> str:
    """Relative to /mnt/data. Raises InvalidFolder."""
    return "/".join([*folder_parts(folder), name])


async def file_entry(call: Call, folder: str, name: str) -> Entry:
    """Raises WireError if the file does not exist."""
    session = await call.session()
    found: Entry = await asyncio.to_thread(_found, session.data.entry, folder, name)
    return found


async def file_content(call: Call, folder: str, name: str) -> Response:
    """Raises WireError if the file does not exist."""
    session = await call.session()
    file, entry = await asyncio.to_thread(_found, session.data.read, folder, name)
    headers = {"content-length": str(entry.size)}
    return StreamingResponse(_chunks(file, entry.size), media_type="application/octet-stream", headers=headers)


async def delete_file(call: Call, folder: str, name: str) -> Response:
    """Raises WireError if the file does not exist."""
    session = await call.session()
    await asyncio.to_thread(_found, session.data.delete, folder, name, code="DeleteFileError")
    return Response(status_code=204)


async def _chunks(file: BinaryIO, size: int) -> AsyncIterator[bytes]:
    """Exactly `size` bytes, as announced; if the file shrinks meanwhile, the connection is aborted."""
    is_small = size <= _CHUNK_BYTES
    try:
        while size:
            chunk = await asyncio.to_thread(file.read, min(size, _CHUNK_BYTES))
            if not chunk:
                raise RuntimeError("the file became shorter while it was sent")
            if not is_small:
                await pace().turn()
            size -= len(chunk)
            yield chunk
    finally:
        file.close()


def _found(operation: Any, *arguments: str, code: str = "FileNotFound") -> Any:
    try:
        return operation(*arguments)
    except FileNotFoundError:
        raise WireError(404, code, f"The file '{arguments[-1]}' was not found.") from None
