"""What the requests and responses of a session pool look like in each api-version. Sends nothing.

There are two families: A (2024-02-02-preview, 2024-08-02-preview) with a `properties` wrapper and `code/execute`, and B
(from 2024-10-02-preview) with flat bodies and `executions`. Requests are exactly those of the version; responses of
either family are read, so that a change of the service does not break the connector.
"""

import json
import re
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal, TypeGuard
from urllib.parse import parse_qsl, urlsplit

from ..bounded_json import has_more_values
from ..errors import PoolRejected
from ..text import well_formed

API_VERSIONS = (
    "2025-10-02-preview",
    "2025-02-02-preview",
    "2024-10-02-preview",
    "2024-08-02-preview",
    "2024-02-02-preview",
)
"""Of the pool's data plane, the newest first. The connector supports all of them."""

_NEWEST = API_VERSIONS[0]
"""Also used where an older version has no route for something."""

STREAM_CHARACTERS = 1_000_000
"""Requested with every run: by default the pool truncates each stream to 4,096 characters, without a flag."""

_DEFAULT_STREAM_CHARACTERS = 4096
_PIECE_BYTES = 1 << 20
MOST_BYTES = 64 << 20
"""Of a response in JSON: twice as many as a list of 100,000 files has, or a run with the longest streams."""

_MOST_VALUES = 1_500_000
_LARGEST_NUMBER = 1 << 63
_OF_EVERY_CALL = ("api-version", "identifier", "path")
_CONTENT_RANGE = re.compile(r"bytes ([0-9]{1,18})-([0-9]{1,18})/([0-9]{1,18})")

_STATUSES: dict[str, "RunStatus"] = {
    "succeeded": "Succeeded",
    "success": "Succeeded",
    "failed": "Failed",
    "failure": "Failed",
    "running": "Running",
    "notstarted": "Running",
    "canceled": "Canceled",
}

RunStatus = Literal["Running", "Succeeded", "Failed", "Canceled"]


@dataclass(frozen=True)
class Run:
    """A run as the pool reports it. `value` is JSON: a number, a string, an image object, or None.

    `truncated` has the names of the streams that the pool may have truncated.
    """

    status: RunStatus
    stdout: str
    stderr: str
    value: Any
    milliseconds: int
    truncated: frozenset[str] = frozenset()


@dataclass(frozen=True)
class PoolFile:
    """A file or folder of a session. `directory` is relative to the listed folder, `""` for that itself."""

    name: str
    directory: str
    size: int
    modified: datetime | None
    is_folder: bool = False


@dataclass(frozen=True)
class PoolSession:
    created: datetime | None
    last_accessed: datetime | None
    expires: datetime | None


@dataclass(frozen=True)
class Metadata:
    """What is installed in the pool's sessions: (name, version) pairs. `isolation` is the level and its description."""

    runtimes: list[tuple[str, str]]
    packages: list[tuple[str, str]]
    isolation: tuple[int, str] | None = None


@dataclass(frozen=True)
class FileRange:
    """A range of the bytes of a file, which has `size` bytes."""

    content: bytes
    size: int


class FileBody:
    """The body of an upload: multipart/form-data with one file, whose content is never copied.

    Each iteration yields all of it, so that it can be sent again; in pieces, because a connection's timeout is that of
    each piece.
    """

    def __init__(self, name: str, content: bytes) -> None:
        """`name` is a valid file name, and so has no quotes and no line breaks."""
        boundary = secrets.token_hex(16)
        self.content_type = f"multipart/form-data; boundary={boundary}"
        self._head = (
            f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n'
            "Content-Type: application/octet-stream\r\n\r\n"
        ).encode()
        self._content = content
        self._tail = f"\r\n--{boundary}--\r\n".encode()

    def __len__(self) -> int:
        return len(self._head) + len(self._content) + len(self._tail)

    def __iter__(self) -> Iterator[bytes | memoryview]:
        yield self._head
        content = memoryview(self._content)
        for start in range(0, len(content), _PIECE_BYTES):
            yield content[start : start + _PIECE_BYTES]
        yield self._tail


class UnreadableResponse(PoolRejected):
    """A PoolRejected for a response that cannot be understood."""

    @property
    def code(self) -> str:
        return PoolRejected.__name__


class ResponseTooLarge(UnreadableResponse):
    """A response that is longer than any that is needed."""


def response_too_large() -> ResponseTooLarge:
    return ResponseTooLarge(
        f"The session pool's response has more than {MOST_BYTES:,} bytes, and is not read. Print, display or list less."
    )


def unreadable_response() -> UnreadableResponse:
    return UnreadableResponse(
        "The session pool's response cannot be understood. Check that POOL_MANAGEMENT_ENDPOINT is the "
        "poolManagementEndpoint of a code-interpreter session pool, and that no proxy responds in its place."
    )


@dataclass(frozen=True)
class Wire:
    """One of API_VERSIONS. Paths are relative to the pool; file names in them must be percent-encoded."""

    api_version: str

    @property
    def _is_a(self) -> bool:
        return self.api_version < "2024-10"

    @property
    def execute_path(self) -> str:
        return "code/execute" if self._is_a else "executions"

    @property
    def upload_path(self) -> str:
        return "files/upload" if self._is_a else "files"

    def content_path(self, name: str) -> str:
        return f"files/content/{name}" if self._is_a else f"files/{name}/content"

    @property
    def lists_recursively(self) -> bool:
        """Whether one call can list the folders below, too. Family A has no folders: names of files are paths."""
        return self._is_a or self.api_version >= "2025-10"

    @property
    def executions_api_version(self) -> str:
        """For the route that returns an earlier run, which family A does not have."""
        return _NEWEST if self._is_a else self.api_version

    @property
    def sessions_api_version(self) -> str:
        """For the routes of sessions and metadata, which exist since 2025-02-02-preview and work for every session."""
        return self.api_version if self.api_version >= "2025" else _NEWEST

    @property
    def keeps_runs(self) -> bool:
        """Whether earlier runs can be read by the id that they were sent with. Family A has no such ids."""
        return not self._is_a

    @property
    def _honors_stream_length(self) -> bool:
        """Whether the pool certainly returns streams of the requested length."""
        return self.api_version >= "2025-10"

    @property
    def longest_stdout(self) -> int:
        """How many characters are certainly returned: older versions may ignore the requested length."""
        return STREAM_CHARACTERS if self._honors_stream_length else _DEFAULT_STREAM_CHARACTERS

    def run_body(self, code: str, timeout_seconds: int, *, is_asynchronous: bool = False) -> dict[str, Any]:
        body = {
            "codeInputType": "Inline",
            "executionType": "Asynchronous" if is_asynchronous else "Synchronous",
            "code": code,
            "timeoutInSeconds": timeout_seconds,
        }
        if self._is_a:
            return {"properties": body}
        return body | {"outputStreamsMaxLength": STREAM_CHARACTERS + 1}  # one more than is kept, to detect truncation

    def read_run(self, body: dict[str, Any]) -> Run:
        """Raises UnreadableResponse."""
        status = _STATUSES.get(str(body.get("status")).lower())
        if status is None:
            raise unreadable_response()
        inner = body.get("result")
        result = inner if isinstance(inner, dict) and "stdout" in inner else body
        milliseconds = result.get("executionTimeInMilliseconds")
        streams = {name: _text(result.get(name)) for name in ("stdout", "stderr")}
        return Run(
            status,
            **streams,
            value=result.get("executionResult", inner if result is body and "result" in body else ""),
            milliseconds=milliseconds if _is_number(milliseconds) else 0,
            truncated=frozenset(name for name, text in streams.items() if self._may_be_truncated(text)),
        )

    def _may_be_truncated(self, text: str) -> bool:
        """Versions before the newest may ignore the requested length, and truncate to the default."""
        is_default = not self._honors_stream_length and len(text) == _DEFAULT_STREAM_CHARACTERS
        return is_default or len(text) > STREAM_CHARACTERS

    def read_uploaded(self, body: dict[str, Any]) -> PoolFile:
        """Raises UnreadableResponse."""
        listed = body.get("value")
        return self.read_file(listed[0] if isinstance(listed, list) and listed else body)

    def read_list(self, body: dict[str, Any]) -> list[PoolFile]:
        """Raises UnreadableResponse."""
        listed = body.get("value")
        if not isinstance(listed, list):
            raise unreadable_response()
        return [self.read_file(item) for item in listed]

    def read_next_page(self, body: dict[str, Any]) -> dict[str, str]:
        """The query parameters of a list's next page, without those of every call. Empty after the last page.

        Only these are read of its `nextLink`: the token must not be sent to another address.
        """
        link = body.get("nextLink")
        query = urlsplit(link).query if isinstance(link, str) else ""
        return {name: value for name, value in parse_qsl(query) if name.lower() not in _OF_EVERY_CALL}

    def read_range(self, content_range: str, first: int, content: bytes) -> FileRange:
        """Raises UnreadableResponse when the header differs from the bytes in the body, or from those requested."""
        found = _CONTENT_RANGE.fullmatch(content_range)
        if found is None or int(found[1]) != first or int(found[2]) + 1 - first != len(content):
            raise unreadable_response()
        return FileRange(content, int(found[3]))

    def read_file(self, item: Any) -> PoolFile:
        """Raises UnreadableResponse."""
        item = read_object(item)
        path = item.get("name", item.get("filename"))
        size = item.get("sizeInBytes", item.get("size", 0))
        if not isinstance(path, str) or not _is_number(size):
            raise unreadable_response()
        # A name may have bytes that are not UTF-8. Some serializers send these as halves of surrogate pairs.
        above, _, name = well_formed(path).removeprefix("/mnt/data/").rpartition("/")
        directory = well_formed(_text(item.get("directory"))).strip("/").removeprefix("./")
        return PoolFile(
            name,
            "/".join(part for part in (directory, above) if part not in ("", ".")),
            size=size,
            modified=_time(item.get("lastModifiedAt", item.get("lastModifiedTime"))),
            is_folder=item.get("type") == "directory",
        )


def read_json(content: bytes) -> Any:
    """The value of a response in JSON. Raises UnreadableResponse, also for more values than a list of files has."""
    try:
        text = content.decode(json.detect_encoding(content), "surrogatepass")
        if has_more_values(text, _MOST_VALUES):
            raise unreadable_response()
        return json.loads(text)
    except (ValueError, RecursionError):
        raise unreadable_response() from None


def read_object(body: Any) -> dict[str, Any]:
    """A JSON object without the wrapper that family A puts around it. Raises UnreadableResponse."""
    if not isinstance(body, dict):
        raise unreadable_response()
    inner = body.get("properties")
    return inner if isinstance(inner, dict) else body


def read_session(body: dict[str, Any]) -> PoolSession:
    return PoolSession(
        created=_time(body.get("createdAt")),
        last_accessed=_time(body.get("lastAccessedAt")),
        expires=_time(body.get("expireAt") or body.get("expiresAt")),
    )


def read_metadata(body: dict[str, Any]) -> Metadata:
    """Raises UnreadableResponse."""
    return Metadata(
        _versions(body.get("runtimes")), _versions(body.get("preInstalledPackages")), _isolation(body.get("isolation"))
    )


def _isolation(stated: Any) -> tuple[int, str] | None:
    """Pools in Azure do not state it: their documentation does."""
    if not isinstance(stated, dict):
        return None
    level, description = stated.get("level"), stated.get("description")
    return (level, description) if type(level) is int and 1 <= level <= 3 and isinstance(description, str) else None


def _versions(items: Any) -> list[tuple[str, str]]:
    if not isinstance(items, list):
        raise unreadable_response()
    return [(_text(item.get("name")), _text(item.get("version"))) for item in items if isinstance(item, dict)]


def _is_number(value: Any) -> TypeGuard[int]:
    """Whether a value is a number of bytes or milliseconds."""
    return isinstance(value, int) and 0 <= value < _LARGEST_NUMBER


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _time(value: Any) -> datetime | None:
    """The service writes seven decimals of a second, one more than Python keeps."""
    try:
        time = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return None
    return time if time.tzinfo else time.replace(tzinfo=UTC)
