"""What all versions of the wire have in common: who is meant by a request, how files travel, how errors are worded.

Which routes there are, and which members bodies have, is the business of the family modules. Sources for what is chosen
and what is known: docs/session-pool-emulator.md.
"""

import asyncio
import base64
import importlib.metadata
import json
import platform
import re
import time
import uuid
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import quote, unquote_to_bytes, urlencode

from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request as HttpRequest
from starlette.responses import Response, StreamingResponse
from starlette.types import Message

from ..engines.interface import (
    DATA,
    MAX_UPLOAD_BYTES,
    EngineError,
    Entry,
    FolderGone,
    InvalidFolder,
    InvalidName,
    TooLarge,
    folder_parts,
)
from ..sessions.execution import DEFAULT_STREAM_CHARACTERS, Execution, Request
from ..sessions.pool import Pool, TooManySessions
from ..sessions.session import Session

OLDEST_VERSION = "2023-08-01-preview"
"""What the service calls the version of a request that names none, where such a request is taken."""

_IDENTIFIER = re.compile(r"[a-zA-Z0-9_|}{\[\]:\"';<>?/.,@#$%\^&*()\-+=!~`]{4,128}")
_FILE_NAME_STAR = re.compile(rb";\s*filename\*\s*=\s*utf-8'[^';]*'([^;\s]+)", re.IGNORECASE)
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


class MalformedBody(Exception):
    """A body that ASP.NET could not read into its model, before the service looked at it."""


@dataclass(frozen=True)
class Call:
    """One request to a pool. `steps` is the path behind the pool, decoded step by step."""

    pool: Pool
    pool_name: str
    http: HttpRequest
    steps: list[str]
    api_version: str

    @property
    def method(self) -> str:
        return self.http.method

    def parameter(self, name: str) -> str:
        return query_parameter(self.http, name)

    @property
    def identifier(self) -> str:
        """Raises WireError."""
        return checked_identifier(self.parameter("identifier"))

    async def session(self) -> Session:
        """The identifier's session, made when it has none."""
        return await self.pool.session(self.identifier)

    def existing_session(self) -> Session:
        """The identifier's session. Raises WireError when it has none."""
        session = self.pool.find(self.identifier)
        if session is None:
            raise WireError(404, "NoSessionFoundError", f"Could not find session with name '{self.identifier}'.")
        return session

    @property
    def folder(self) -> str:
        return self.parameter("path")

    def path(self, steps: list[str]) -> tuple[str, str]:
        """The folder and name of a file: clients write folders into the name, with `/` encoded or not."""
        return _joined(self.folder, "/".join(steps))

    def check_container_type(self) -> None:
        """For versions that know Python pools alone. Raises WireError."""
        if self.pool.container_type != "PythonLTS":
            version = self.api_version or OLDEST_VERSION
            message = f"Shell execution is not supported in API version {version}."
            raise WireError(400, "SessionRequestNotSupported", message)

    def unsupported(self) -> WireError:
        route = f"{self.method} /{'/'.join(self.steps)}"
        return WireError(
            400, "SessionRequestNotSupported", f"{route} is not supported in API version {self.api_version}."
        )

    async def json(self) -> dict[str, Any]:
        """The body. Raises MalformedBody and WireError."""
        try:
            body = json.loads(await _limited(self.http, _MAX_BODY_BYTES).body())
        except TooLarge:
            raise WireError(413, "RequestTooLarge", f"The body may have {_MAX_BODY_BYTES} bytes.") from None
        except (ValueError, RecursionError):
            raise MalformedBody("The body is not JSON.") from None
        if not isinstance(body, dict):
            raise MalformedBody("The JSON value could not be converted to the type of the request.")
        return body


def query_parameter(http: HttpRequest, name: str) -> str:
    """Names differ in case from client to client. `""` when it is absent."""
    return next((value for key, value in http.query_params.items() if key.lower() == name.lower()), "")


def checked_identifier(identifier: Any) -> str:
    """Raises WireError."""
    if not isinstance(identifier, str) or not _IDENTIFIER.fullmatch(identifier):
        raise invalid("identifier must have 4 to 128 of the characters that the service allows")
    return identifier


def _joined(folder: str, path: str) -> tuple[str, str]:
    above, _, name = path.rpartition("/")
    if path.startswith(f"{DATA}/"):
        folder = ""
    return "/".join(filter(None, (folder, above))), name


def code_request(members: dict[str, Any], code_member: str = "code", **options: Any) -> Request:
    """The run that a body asks for; `options` are Request's. Raises WireError."""
    code = members.get(code_member)
    if not isinstance(code, str):
        raise missing(code_member)
    input_type = str(members.get("codeInputType") or "Inline").lower()
    if input_type == "inlinebase64":
        try:
            code = base64.b64decode(code, validate=True).decode()
        except ValueError:
            raise invalid("code is not base64 of UTF-8 text") from None
    elif input_type not in ("inline", "inlinetext"):
        raise invalid(f"codeInputType '{members['codeInputType']}' is not Inline, InlineText or InlineBase64")
    return Request({"code": code}, timeout_seconds=positive(members, "timeoutInSeconds"), **options)


def positive(members: dict[str, Any], name: str) -> int | None:
    """A whole number above 0, or None when it is absent. Raises WireError."""
    value = members.get(name)
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool) or not 0 < value < 1 << 31:
        raise invalid(f"{name} is not a whole number above 0")
    return value


def stream_characters(members: dict[str, Any]) -> int:
    """Raises WireError."""
    return positive(members, "outputStreamsMaxLength") or DEFAULT_STREAM_CHARACTERS


async def execute(
    call: Call, request: Request, *, identifier: str, execution_id: str | None = None
) -> tuple[Execution, dict[str, str]]:
    """Runs it to its end; also the headers that tell how long what took, which the service sends of runs alone."""
    arrived = time.monotonic()
    is_new = call.pool.find(identifier) is None
    session = await call.pool.session(identifier)
    allocated = time.monotonic()
    execution = await session.execute(execution_id or str(uuid.uuid4()), request)
    told = time.monotonic()
    headers = {
        "x-ms-allocation-retries": "0",
        "x-ms-allocation-time": _milliseconds(allocated - arrived),
        "x-ms-container-execution-duration": str(execution.milliseconds),
        "x-ms-execution-read-response-time": _milliseconds(told - execution.ended),
        "x-ms-execution-request-time": str(round((told - execution.started) * 1000)),
        "x-ms-overall-execution-time": _milliseconds(told - allocated),
        "x-ms-preparation-time": _milliseconds(execution.started - allocated),
        "x-ms-session-guid": str(session.guid),
        "x-ms-total-execution-service-time": _milliseconds(told - arrived),
    }
    if call.api_version >= "2025":
        headers["x-ms-new-allocation"] = str(is_new).lower()
    return execution, headers


def _milliseconds(seconds: float) -> str:
    return f"{seconds * 1000:.4f}"


async def store_upload(call: Call) -> tuple[Entry, str]:
    """Stores the file of a multipart body; its entry, and its path relative to /mnt/data. Raises WireError."""
    session = await call.session()
    if not call.http.headers.get("content-type", "").lower().startswith("multipart/form-data"):
        raise invalid("the body of an upload is multipart/form-data with a part named 'file'")
    limited = _limited(call.http, MAX_UPLOAD_BYTES + _MULTIPART_MARGIN)
    body = _MultipartBody(limited.headers, limited.stream(), max_files=1, max_fields=20)
    try:
        part = (await body.parse()).get("file")
        if not isinstance(part, UploadFile) or not part.filename:
            raise invalid("the multipart body has no part named 'file' with a file name")
        folder, name = _joined(call.folder, part.filename)
        entry = await asyncio.to_thread(session.data.write, folder, name, part.file)
    except MultiPartException as malformed:
        raise invalid(f"the body is not multipart/form-data with one file ({malformed.message})") from None
    finally:
        body.close()
    return entry, file_path(folder, name)


class _MultipartBody(MultiPartParser):
    """Takes a file's name from `filename*` too, which wins: .NET sends it beside a `filename` that is a MIME word."""

    def on_headers_finished(self) -> None:
        part = self._current_part
        if part.content_disposition and (star := _FILE_NAME_STAR.search(part.content_disposition)):
            name = unquote_to_bytes(star[1]).replace(b"\\", b"\\\\").replace(b'"', b'\\"')
            part.content_disposition += b'; filename="' + name + b'"'  # of two, the last one counts
        super().on_headers_finished()

    def close(self) -> None:
        """Also the file of a part without an end, which the parser itself leaves open."""
        for file in self._files_to_close_on_error:
            file.close()


def file_path(folder: str, name: str) -> str:
    """Relative to /mnt/data. Raises InvalidFolder."""
    return "/".join([*folder_parts(folder), name])


async def list_files(call: Call, *, recursive: bool) -> list[Entry]:
    session = await call.session()
    return await asyncio.to_thread(session.data.list, call.folder, recursive=recursive)


async def file_entry(call: Call, folder: str, name: str) -> Entry:
    """Raises WireError when there is no such file."""
    session = await call.session()
    found: Entry = await asyncio.to_thread(_found, session.data.entry, folder, name)
    return found


async def file_content(call: Call, folder: str, name: str) -> Response:
    """Raises WireError when there is no such file."""
    session = await call.session()
    file, entry = await asyncio.to_thread(_found, session.data.read, folder, name)
    headers = {"content-length": str(entry.size)}
    return StreamingResponse(_chunks(file, entry.size), media_type="application/octet-stream", headers=headers)


async def delete_file(call: Call, folder: str, name: str) -> Response:
    """Raises WireError when there is no such file."""
    session = await call.session()
    await asyncio.to_thread(_found, session.data.delete, folder, name, code="DeleteFileError")
    return Response(status_code=204)


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


def _limited(request: HttpRequest, limit: int) -> HttpRequest:
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

    return HttpRequest(request.scope, receive)


def _found(operation: Any, *arguments: str, code: str = "FileNotFound") -> Any:
    try:
        return operation(*arguments)
    except FileNotFoundError:
        raise WireError(404, code, f"The file '{arguments[-1]}' was not found.") from None


def metadata(pool: Pool) -> dict[str, Any]:
    """What is installed in the pool's sessions: they run what is installed here. `isolation` is not the service's."""
    return _metadata(pool) | {"isolation": {"level": pool.engine.level, "description": pool.engine.isolation}}


def _metadata(pool: Pool) -> dict[str, Any]:
    started = pool.started_at.replace(tzinfo=None).isoformat(timespec="microseconds")
    if pool.container_type == "Shell":
        release = {"NAME": platform.system(), "VERSION": platform.release(), **dict(_os_release())}
        return {
            "runtimes": [{"name": release["NAME"], "version": release["VERSION"]}],
            "preInstalledPackages": [{"name": name, "version": version} for name, version in _debian_packages()],
            "createdAt": started,
            "lastUpdatedAt": started,
        }
    packages = {package.metadata["Name"]: package.version for package in importlib.metadata.distributions()}
    return {
        "runtimes": [{"name": "Python", "version": platform.python_version()}],
        "preInstalledPackages": [{"name": name, "version": packages[name]} for name in sorted(packages, key=str.lower)],
        "createdAt": started,
        "lastUpdatedAt": started,
        "jupyterKernel": {
            "name": "ipykernel",
            "version": packages["ipykernel"],
            "projectUrl": "https://github.com/ipython/ipykernel",
            "description": "IPython kernel, without sockets",
        },
    }


def _os_release() -> Iterator[tuple[str, str]]:
    try:
        lines = Path("/etc/os-release").read_text().splitlines()
    except OSError:
        return
    for line in lines:
        name, _, value = line.partition("=")
        yield name, value.strip('"')


def _debian_packages() -> Iterator[tuple[str, str]]:
    """Those of dpkg's list; none on other systems."""
    try:
        paragraphs = Path("/var/lib/dpkg/status").read_text(errors="replace").split("\n\n")
    except OSError:
        return
    for paragraph in paragraphs:
        fields = dict(line.split(": ", 1) for line in paragraph.splitlines() if re.match(r"[\w-]+: ", line))
        if fields.get("Status", "").endswith(" installed"):
            yield fields.get("Package", ""), fields.get("Version", "")


def time_text(at: datetime | float) -> str:
    """.NET's round-trip form: seven digits behind the second. Code may give its files times outside of the calendar."""
    seconds = at.timestamp() if isinstance(at, datetime) else at
    inside = min(max(seconds, _FIRST_SECOND), _LAST_SECOND)
    return datetime.fromtimestamp(inside, UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "0Z"


def invalid(why: str) -> WireError:
    return WireError(400, "SessionRequestValidationFailed", f"The request is not valid: {why}.")


def missing(member: str) -> WireError:
    return WireError(400, "SessionPropertiesMissing", f"The property '{member}' is required but not provided.")


def error_response(call: Call, failure: Exception) -> Response:
    """What a client is told of it. Raises the failure itself when it is none of those that a client can cause."""
    match failure:
        case WireError():
            return _error(failure)
        case MalformedBody():
            return _problem(str(failure))
        case InvalidName():
            message = "The file name cannot contain any reserved file path characters."
            return _error(WireError(400, "FileNameInvalid", message))
        case InvalidFolder():
            why = "path cannot contain any reserved file path characters."
            return _error(WireError(400, "FilePathInvalid", f"File Path '{failure}' is invalid because '{why}'."))
        case TooLarge():
            message = f"A file may have {MAX_UPLOAD_BYTES} bytes, and the session room for it."
            return _error(WireError(413, "FileTooLarge", message))
        case FolderGone():
            return _error(WireError(404, "NoSessionFoundError", "The session has ended, and its files with it."))
        case TooManySessions():
            message = (
                f"The request sessions count is '1'. There are already '{failure.active}' active sessions and the "
                f"maximum active sessions count is '{call.pool.max_sessions}'."
            )
            return json_response({"code": "SessionsCountExceedsLimit", "message": message}, status=429)
        case EngineError():
            return _error(WireError(500, "InternalServerError", str(failure)))
    raise failure


def _error(error: WireError) -> Response:
    body = {"error": {"code": error.code, "message": error.message, "traceId": uuid.uuid4().hex}}
    return json_response(body, status=error.status, headers={"x-ms-error-code": error.code})


def _problem(message: str) -> Response:
    """As ASP.NET answers to what it cannot read."""
    body = {
        "type": "https://tools.ietf.org/html/rfc9110#section-15.5.1",
        "title": "One or more validation errors occurred.",
        "status": 400,
        "errors": {"$": [message]},
        "traceId": f"00-{uuid.uuid4().hex}-{uuid.uuid4().hex[:16]}-00",
    }
    return json_response(body, status=400, media_type="application/problem+json; charset=utf-8")


class Verbatim(dict[str, Any]):
    """An object that was made by the session's code, which gets no number."""


def json_response(
    body: Any,
    *,
    status: int = 200,
    headers: dict[str, str] | None = None,
    reference_ids: bool = False,
    media_type: str = "application/json; charset=utf-8",
) -> Response:
    """`reference_ids` numbers the objects as Newtonsoft's serializer does: `$id` first, depth first, not for arrays."""
    numbers = iter(map(str, range(1, 1 << 30)))
    text = json.dumps(_numbered(body, numbers) if reference_ids else body, ensure_ascii=False, separators=(",", ":"))
    # A lone surrogate, which code may print, is no Unicode text: it leaves as "?".
    return Response(text.encode("utf-8", "replace"), status, headers=headers, media_type=media_type)


def _numbered(node: Any, numbers: Iterator[str]) -> Any:
    if isinstance(node, list):
        return [_numbered(item, numbers) for item in node]
    if not isinstance(node, dict) or isinstance(node, Verbatim):
        return node
    numbered = {"$id": next(numbers)}
    for name, value in node.items():
        numbered[name] = _numbered(value, numbers)
    return numbered


def verbatim(value: Any) -> Any:
    """A value of the session's code, as `json_response` shall leave it."""
    return Verbatim(value) if isinstance(value, dict) else value


def address(call: Call, route: str, **parameters: str) -> str:
    """Of another route of the pool, for a call whose own route is one step: it stands where that one stood."""
    base = call.http.scope["raw_path"].decode("latin-1").rstrip("/").rpartition("/")[0]
    query = urlencode({"api-version": call.api_version, **parameters}, quote_via=quote, safe="")
    return f"{call.http.url.scheme}://{call.http.url.netloc}{base}/{route}?{query}"


def operation_location(call: Call, execution_id: str) -> str:
    """Where an asynchronous run can be asked for."""
    return address(call, f"executions/{quote(execution_id, safe='')}", identifier=call.identifier)
