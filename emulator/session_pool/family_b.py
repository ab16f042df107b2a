"""The wire of api-version 2025-10-02-preview: flat bodies, `executions`, `files/{name}/content`, `Succeeded`."""

import asyncio
import base64
import importlib.metadata
import json
import platform
import re
import uuid
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any, BinaryIO

from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Message

from .data_folder import MAX_UPLOAD_BYTES, Entry, FolderGone, InvalidFolder, InvalidName, TooLarge
from .engine import EngineError
from .execution import DEFAULT_STREAM_CHARACTERS, Execution
from .pool import Pool, TooManySessions
from .session import Session

_IDENTIFIER = re.compile(r"[a-zA-Z0-9_|}{\[\]:\"';<>?/.,@#$%\^&*()\-+=!~`]{4,128}")
_MULTIPART_MARGIN = 64 << 10  # what a multipart body may hold beside the file
_MAX_BODY_BYTES = 8 << 20  # of JSON; chosen: the service's limit is not known
_CHUNK = 256 << 10
_FIRST_SECOND = datetime(1, 1, 2, tzinfo=UTC).timestamp()
_LAST_SECOND = datetime(9999, 12, 30, tzinfo=UTC).timestamp()


class WireError(Exception):
    """An error as the service words it."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message


async def answer(pool: Pool, request: Request, segments: list[str]) -> Response:
    """`segments` is the path behind the pool. Never raises for what a client sends."""
    try:
        return await _route(pool, request, segments)
    except WireError as error:
        return _error(error)
    except InvalidName:
        return _error(
            WireError(400, "FileNameInvalid", "The file name cannot contain any reserved file path characters.")
        )
    except InvalidFolder as folder:
        message = f"File Path '{folder}' is invalid because 'path cannot contain any reserved file path characters'."
        return _error(WireError(400, "FilePathInvalid", message))
    except TooLarge:
        return _error(
            WireError(413, "FileTooLarge", f"A file may have {MAX_UPLOAD_BYTES} bytes, and the session room for it.")
        )
    except FolderGone:
        return _error(WireError(404, "NoSessionFoundError", "The session has ended, and its files with it."))
    except TooManySessions as full:
        message = (
            f"The request sessions count is '1'. There are already '{full.active}' active sessions and the maximum "
            f"active sessions count is '{pool.max_sessions}'."
        )
        return _json({"code": "SessionsCountExceedsLimit", "message": message}, status=429)
    except EngineError as failure:
        return _error(WireError(500, "InternalServerError", str(failure)))


async def _route(pool: Pool, request: Request, segments: list[str]) -> Response:
    match request.method, segments:
        case "POST", ["executions"]:
            return await _execute(pool, request)
        case "GET", ["executions", execution_id]:
            return _get_execution(pool, request, execution_id)
        case "POST", ["files"]:
            return await _upload(pool, request)
        case "GET", ["files"]:
            return await _list(pool, request)
        case "GET", ["files", name]:
            session = await _session(pool, request)
            entry = await asyncio.to_thread(_found, session.data.entry, _folder(request), name)
            return _json({"name": entry.name, "sizeInBytes": entry.size, "lastModifiedAt": _time(entry.modified)})
        case "GET", ["files", name, "content"]:
            return await _content(pool, request, name)
        case "DELETE", ["files", name]:
            session = await _session(pool, request)
            await asyncio.to_thread(_found, session.data.delete, _folder(request), name, code="DeleteFileError")
            return Response(status_code=204)
        case "GET", ["session"]:
            return _json(_session_body(_existing(pool, request)))
        case "DELETE", ["session"]:
            await pool.end(_existing(pool, request).identifier)
            return Response(status_code=204)
        case "GET", ["listSessions"]:
            return _json({"sessions": [_session_body(session) for session in pool.sessions()]})
        case "GET", ["metadata"]:
            return _json(_metadata(pool))
    raise WireError(400, "SessionRequestNotSupported", f"{request.method} /{'/'.join(segments)} is not supported.")


async def _execute(pool: Pool, request: Request) -> Response:
    body = await _body(request)
    code = body.get("code")
    if not isinstance(code, str):
        raise WireError(400, "SessionPropertiesMissing", "The property 'code' is required but not provided.")
    if str(body.get("executionType") or "Synchronous").lower() != "synchronous":
        raise WireError(
            400, "SessionRequestNotSupported", "Only executionType 'Synchronous' is supported by this pool."
        )
    input_type = str(body.get("codeInputType") or "Inline").lower()
    if input_type == "inlinebase64":
        try:
            code = base64.b64decode(code, validate=True).decode()
        except ValueError:
            raise _invalid("code is not base64 of UTF-8 text") from None
    elif input_type not in ("inline", "inlinetext"):
        raise _invalid(f"codeInputType '{body['codeInputType']}' is not Inline, InlineText or InlineBase64")
    timeout_seconds = _positive(body, "timeoutInSeconds")
    stream_characters = _positive(body, "outputStreamsMaxLength") or DEFAULT_STREAM_CHARACTERS
    session = await _session(pool, request)
    execution = await session.execute(
        request.headers.get("operation-id") or str(uuid.uuid4()),
        code,
        timeout_seconds=timeout_seconds,
        stream_characters=stream_characters,
    )
    return _json(_execution_body(session, execution, body.get("executionType") or "Synchronous"))


def _get_execution(pool: Pool, request: Request, execution_id: str) -> Response:
    session = pool.find(_identifier(request))
    execution = session.execution(execution_id) if session else None
    if session is None or execution is None:
        raise WireError(404, "ExecutionNotFound", f"No execution available for operation Id: {execution_id}")
    session.touch()
    return _json(_execution_body(session, execution, "Synchronous"))


async def _upload(pool: Pool, request: Request) -> Response:
    folder = _folder(request)
    session = await _session(pool, request)
    if not request.headers.get("content-type", "").lower().startswith("multipart/form-data"):
        raise _invalid("the body of an upload is multipart/form-data with a part named 'file'")
    try:
        async with _limited(request, MAX_UPLOAD_BYTES + _MULTIPART_MARGIN).form(max_files=1, max_fields=20) as form:
            part = form.get("file")
            if not isinstance(part, UploadFile) or not part.filename:
                raise _invalid("the multipart body has no part named 'file' with a file name")
            name = part.filename.rsplit("/", 1)[-1]  # clients send /mnt/data/name here
            entry = await asyncio.to_thread(session.data.write, folder, name, part.file)
    except HTTPException as malformed:
        raise _invalid(f"the body is not multipart/form-data with one file ({malformed.detail})") from None
    return _json(_entry_body(entry))


async def _list(pool: Pool, request: Request) -> Response:
    recursive = request.query_params.get("recursive", "").lower() == "true"
    session = await _session(pool, request)
    entries = await asyncio.to_thread(session.data.list, _folder(request), recursive=recursive)
    return _json({"value": [_entry_body(entry) for entry in entries]})


async def _content(pool: Pool, request: Request, name: str) -> Response:
    session = await _session(pool, request)
    file, entry = await asyncio.to_thread(_found, session.data.read, _folder(request), name)
    headers = {"content-length": str(entry.size)}
    return StreamingResponse(_chunks(file, entry.size), media_type="application/octet-stream", headers=headers)


async def _chunks(file: BinaryIO, size: int) -> AsyncIterator[bytes]:
    """Exactly `size` bytes, as announced; a file that shrinks meanwhile breaks the connection off."""
    try:
        while size:
            chunk = await asyncio.to_thread(file.read, min(size, _CHUNK))
            if not chunk:
                raise RuntimeError("the file became shorter while it was sent")
            size -= len(chunk)
            yield chunk
    finally:
        file.close()


def _limited(request: Request, limit: int) -> Request:
    """The same request, which raises TooLarge when its body has more than `limit` bytes."""
    if int(request.headers.get("content-length") or 0) > limit:
        raise TooLarge
    received = 0

    async def receive() -> Message:
        nonlocal received
        message = await request.receive()
        received += len(message.get("body", b""))
        if received > limit:
            raise TooLarge
        return message

    return Request(request.scope, receive)


def _found(operation: Any, *arguments: str, code: str = "FileNotFound") -> Any:
    try:
        return operation(*arguments)
    except FileNotFoundError:
        raise WireError(404, code, f"The file '{arguments[-1]}' was not found.") from None


async def _body(request: Request) -> dict[str, Any]:
    try:
        body = json.loads(await _limited(request, _MAX_BODY_BYTES).body())
    except TooLarge:
        raise WireError(413, "RequestTooLarge", f"The body may have {_MAX_BODY_BYTES} bytes.") from None
    except (ValueError, RecursionError):
        raise _invalid("the body is not JSON") from None
    if not isinstance(body, dict):
        raise _invalid("the body is not a JSON object")
    return body


def _positive(body: dict[str, Any], name: str) -> int | None:
    value = body.get(name)
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool) or not 0 < value < 1 << 31:
        raise _invalid(f"{name} is not a whole number above 0")
    return value


def _identifier(request: Request) -> str:
    identifier = request.query_params.get("identifier", "")
    if not _IDENTIFIER.fullmatch(identifier):
        raise _invalid("identifier must have 4 to 128 of the characters that the service allows")
    return identifier


async def _session(pool: Pool, request: Request) -> Session:
    return await pool.session(_identifier(request))


def _existing(pool: Pool, request: Request) -> Session:
    identifier = _identifier(request)
    session = pool.find(identifier)
    if session is None:
        raise WireError(404, "NoSessionFoundError", f"Could not find session with name '{identifier}'.")
    return session


def _folder(request: Request) -> str:
    return request.query_params.get("path", "")


def _execution_body(session: Session, execution: Execution, execution_type: str) -> dict[str, Any]:
    body: dict[str, Any] = {
        "id": execution.execution_id,
        "identifier": session.identifier,
        "executionType": execution_type,
        "status": execution.status,
    }
    if execution.status in ("Succeeded", "Failed"):
        body["result"] = {
            "stdout": execution.stdout,
            "stderr": execution.stderr,
            "executionResult": execution.value,
            "executionTimeInMilliseconds": execution.milliseconds,
        }
    return body


def _entry_body(entry: Entry) -> dict[str, Any]:
    return {
        "name": entry.name,
        "type": "directory" if entry.is_folder else "file",
        "contentType": entry.content_type,
        "sizeInBytes": entry.size,
        "lastModifiedAt": _time(entry.modified),
        "directory": entry.directory,
    }


def _session_body(session: Session) -> dict[str, Any]:
    return {
        "identifier": session.identifier,
        "createdAt": _time(session.created_at.timestamp()),
        "lastAccessedAt": _time(session.last_accessed_at.timestamp()),
        "expireAt": _time(session.expires_at.timestamp()),
        "etag": f"0--{uuid.uuid5(uuid.NAMESPACE_OID, session.identifier + session.created_at.isoformat())}",
    }


def _metadata(pool: Pool) -> dict[str, Any]:
    """Sessions run this very Python installation, so what is installed here is what they find."""
    packages = {package.metadata["Name"]: package.version for package in importlib.metadata.distributions()}
    return {
        "runtimes": [{"name": "Python", "version": platform.python_version()}],
        "preInstalledPackages": [{"name": name, "version": packages[name]} for name in sorted(packages, key=str.lower)],
        "createdAt": _time(pool.started_at.timestamp()),
        "lastUpdatedAt": _time(pool.started_at.timestamp()),
        "jupyterKernel": {
            "name": "ipykernel",
            "version": packages["ipykernel"],
            "projectUrl": "https://github.com/ipython/ipykernel",
            "description": "IPython kernel, without sockets",
        },
    }


def _time(seconds: float) -> str:
    """.NET's round-trip form: seven digits behind the second. Code may give its files times outside of the calendar."""
    inside = min(max(seconds, _FIRST_SECOND), _LAST_SECOND)
    return datetime.fromtimestamp(inside, UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "0Z"


def _invalid(why: str) -> WireError:
    return WireError(400, "SessionRequestValidationFailed", f"The request is not valid: {why}.")


def _error(error: WireError) -> Response:
    body = {"error": {"code": error.code, "message": error.message, "traceId": uuid.uuid4().hex}}
    return _json(body, status=error.status, headers={"x-ms-error-code": error.code})


def _json(body: Any, *, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    text = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    # A lone surrogate, which code may print, is no Unicode text: it leaves as "?".
    content = text.encode("utf-8", "replace")
    return Response(content, status, headers=headers, media_type="application/json; charset=utf-8")
