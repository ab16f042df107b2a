"""What operations take and return. `to_wire` converts Python's names to those of the contract."""

import dataclasses
import functools
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

ABSENT: Any = object()
"""The value of a member that is omitted, where None stands for null."""

NOT_SENT = "not sent"
"""Marks a member in its metadata that the connector keeps for itself."""

OUTPUTS = ".outputs"
"""The folder of outputs, as callers know it; it has a folder for each execution. In sessions, folder names have no
dots.
"""

Status = Literal["Running", "Succeeded", "Failed", "Canceled", "Unknown"]


@dataclass(frozen=True)
class FilePath:
    """Where a file of a session is located. `folder` is relative to /mnt/data, `""` for /mnt/data itself."""

    folder: str
    name: str

    def __str__(self) -> str:
        return f"{self.folder}/{self.name}" if self.folder else self.name


def unmistakable_folder(folder: str) -> str:
    """A folder relative to /mnt/data in the form that callers can send back.

    Callers may send folders with or without /mnt/data. One that is itself named mnt/data, as archives with absolute
    paths make it, is therefore absolute.
    """
    return f"/mnt/data/{folder}" if f"{folder}/".startswith("mnt/data/") else folder


@dataclass(frozen=True)
class File:
    """A file of a session. `folder` is relative to /mnt/data, `""` for /mnt/data itself. `size` is in bytes."""

    file_name: str
    folder: str
    size: int
    content_type: str
    last_modified_time: datetime | None = None
    change: Literal["Created", "Changed"] | None = None
    file_url: str | None = None
    expiration_time: datetime | None = None


@dataclass(frozen=True)
class Files:
    session_id: str
    files: list[File]
    workspace: "UsedWorkspace | None" = None


@dataclass(frozen=True)
class FileList:
    """A page of a list. After the last page, there is no `continuation_token`, and no `next_link` to another one."""

    session_id: str
    files: list[File]
    continuation_token: str | None = None
    next_link: str | None = None


@dataclass(frozen=True)
class FileWithContent:
    """A file and its bytes as base64."""

    session_id: str
    file_name: str
    folder: str
    size: int
    content_type: str
    file_content: str
    last_modified_time: datetime | None = None


@dataclass(frozen=True)
class FileBytes:
    """A file whose bytes are sent as they are. With `content` None, only its headers are sent."""

    file_name: str
    content_type: str
    size: int
    content: bytes | None
    last_modified_time: datetime | None = None
    blob_etag: str | None = None

    @property
    def etag(self) -> str | None:
        """That of the blob; of a session's file, one that differs for each version as far as size and time show, and
        None if the time is unknown.
        """
        if self.blob_etag is not None:
            return self.blob_etag
        if self.last_modified_time is None:
            return None
        return f'"{self.size:x}-{round(self.last_modified_time.timestamp() * 1_000_000):x}"'


@dataclass(frozen=True)
class SharedFile:
    """A link to a file. It is durable if it does not end with its session."""

    session_id: str
    file_name: str
    folder: str
    size: int
    content_type: str
    file_url: str
    expiration_time: datetime
    is_durable: bool


@dataclass(frozen=True)
class TransferProgress:
    """A transfer that has not ended. `received` of `size` bytes have been copied."""

    session_id: str
    received: int
    size: int
    status: Literal["Running"] = "Running"


@dataclass(frozen=True)
class ExportedFile:
    """A file of a session, and the blob that it was copied to."""

    session_id: str
    file_name: str
    folder: str
    size: int
    content_type: str
    blob_url: str
    blob_name: str
    e_tag: str


@dataclass(frozen=True)
class Workspace:
    """Files that were saved from a session, as one archive of `size` bytes. `session_id` is that of the session which
    an operation has saved or restored.
    """

    workspace_id: str
    size: int
    file_count: int
    last_modified_time: datetime
    e_tag: str
    session_id: str | None = None


@dataclass(frozen=True)
class UsedWorkspace:
    """What a run or an upload has done with a workspace. `e_tag` is the version that the session's files are, or were
    made of; None as long as there is none.
    """

    workspace_id: str
    is_restored: bool
    is_saved: bool
    e_tag: str | None = None


@dataclass(frozen=True)
class UploadUrl:
    """A URL that takes one file, for this session."""

    session_id: str
    upload_url: str
    expiration_time: datetime


@dataclass(frozen=True)
class Output:
    """An output that a run displayed. `content` is base64 for images and other binary types, text otherwise.

    It is a smaller rendering of the file's image if it `is_reduced`, namely `reduced_content`, which is not sent.
    """

    content_type: str
    content: str | None = None
    title: str | None = None
    file_name: str | None = None
    folder: str | None = None
    is_reduced: bool | None = None
    file_url: str | None = None
    expiration_time: datetime | None = None
    reduced_content: str | None = field(default=None, metadata={NOT_SENT: True})


@dataclass(frozen=True)
class ExecutionError:
    """Why a run failed. `line` is the line of the caller's code, from 1."""

    name: str
    message: str
    line: int | None = None
    traceback: str | None = None
    hint: str | None = None


@dataclass(frozen=True)
class Execution:
    """One run. `result` is text; `value` is the same value as JSON, if possible.

    `notice` states what was lost or is missing; `truncated` names the members that are not complete.
    `openai_file_response` has the URLs of files that a GPT adds to its conversation.
    """

    session_id: str
    execution_id: str
    status: Status
    result: str = ""
    value: Any = ABSENT
    stdout: str = ""
    stderr: str = ""
    error: ExecutionError | None = None
    outputs: list[Output] = field(default_factory=list)
    files: list[File] = field(default_factory=list)
    duration_in_milliseconds: int = 0
    execution_count: int | None = None
    is_new_session: bool | None = None
    notice: str | None = None
    truncated: dict[str, bool] | None = None
    openai_file_response: list[str] | None = None
    workspace: UsedWorkspace | None = None


@dataclass(frozen=True)
class Session:
    """The times of a session."""

    session_id: str
    created_time: datetime | None
    last_used_time: datetime | None
    expires_time: datetime | None


@dataclass(frozen=True)
class Package:
    name: str
    version: str


@dataclass(frozen=True)
class Isolation:
    """How far sessions are isolated: level 3, 2, or 1 for no isolation, and the same in words."""

    level: int
    description: str


@dataclass(frozen=True)
class PoolConnection:
    """Of one session pool. The ids of the sessions that the connector creates in it end in its tag.

    `isolation` is there if the pool states it, which pools in Azure do not.
    """

    name: str
    tag: str
    is_available: bool
    message: str
    isolation: Isolation | None = None


@dataclass(frozen=True)
class StorageConnection:
    """Of one container: of that which the connector stores files in, or of one to import from."""

    container_url: str
    use: Literal["Files", "Imports"]
    is_available: bool
    message: str


@dataclass(frozen=True)
class Connection:
    """At least one pool was reached, and accepted the connector's token and role. `storage` is empty if no container is
    configured.
    """

    status: Literal["Connected"] = field(default="Connected", kw_only=True)
    message: str
    api_version: str
    runtimes: list[Package]
    packages: list[Package]
    pools: list[PoolConnection]
    storage: list[StorageConnection]


def to_wire(value: Any) -> Any:
    """JSON for a dataclass: members in camelCase, times in ISO 8601 with Z. Members without a value are omitted."""
    if isinstance(value, (str, int)):
        return value
    if isinstance(value, list):
        return [to_wire(item) for item in value]
    if dataclasses.is_dataclass(value):
        return {
            on_wire: to_wire(inner)
            for name, on_wire, omitted in _members(value.__class__)
            if (inner := getattr(value, name)) is not omitted
        }
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    return value


@functools.cache
def _members(kind: type[Any]) -> list[tuple[str, str, Any]]:
    """Of each member that is sent: its name, its name on the wire, and the value with which it is omitted."""
    return [
        (member.name, camel_case(member.name), ABSENT if member.default is ABSENT else None)
        for member in dataclasses.fields(kind)
        if NOT_SENT not in member.metadata
    ]


def camel_case(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)


def snake_case(name: str) -> str:
    return "".join(f"_{character.lower()}" if character.isupper() else character for character in name)
