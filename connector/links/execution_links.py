"""Links to the outputs and files of a run, in its result: `includeContent: links`.

A link that cannot be made never fails the run, which its notice states. The name of a copy in storage is made of the
execution and of the version of the file, so that a result that is requested again has the same copies.
"""

import contextlib
import hashlib
import math
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from ..bulkhead import Admission
from ..callers.signed_tokens import Tokens
from ..errors import (
    BlobExists,
    BlobNotFound,
    ConnectorError,
    FileChanged,
    FileNotFound,
    InvalidFileName,
    InvalidRequest,
)
from ..executions.notices import joined
from ..executions.truncation import fitted
from ..files.names import checked_path, quoted
from ..files.operations import LARGEST_MESSAGE, find_headers
from ..models import Execution, File, FileBytes, FilePath, Output
from ..outbound.deadlines import Deadline
from ..session_pool.sessions import SessionClient
from ..storage.containers import Blob
from ..transfers.to_blob import blob_copy, existing_session
from ..transfers.transfer import PART_BYTES, Reach
from .addresses import lifetime_of
from .session_links import session_link
from .stored_links import StoredFile, shared_blob_name

MOST_LINKS = 20
MOST_BYTES = LARGEST_MESSAGE
_LONGEST_SECONDS = 30.0
_LIST_SECONDS = 20.0
"""For finding one file, or its copy."""

_MOST_OPENAI_FILES, _MOST_OPENAI_BYTES = 10, 10_000_000
"""What GPT Actions read of a response, within 10 s a file, and neither images nor videos. It is not documented whether
they follow redirects, so these links do not. Source: "Sending and returning files with GPT Actions" of OpenAI.
"""

_NAMED = 5
_SAME_TIME_SECONDS = 1.0
"""How much the times may differ that a run and the pool state for one version of a file."""

_OF_ONE_FILE = (FileChanged, FileNotFound, InvalidFileName, InvalidRequest)
"""Errors that say nothing about the next file."""


@dataclass(frozen=True)
class Publisher:
    """What makes links: `base_url` is where callers reach the operations, `most_hours` how long a link may work."""

    tokens: Tokens
    base_url: str
    most_hours: int


@dataclass(frozen=True)
class _Link:
    url: str
    expires: datetime
    streamed_url: str
    size: int


def with_links(reach: Reach, publisher: Publisher, execution: Execution) -> Execution:
    """The execution as it is returned with `includeContent: links`. While it is Running, it has no links.

    Makes at most MOST_LINKS, and none once that has taken half a minute. Raises nothing.
    """
    if execution.status == "Running" or not (execution.files or any(output.file_name for output in execution.outputs)):
        return fitted(execution, "auto")
    links = _Links(reach, publisher, execution, min(time.monotonic() + _LONGEST_SECONDS, reach.until(math.inf)))
    outputs = [_linked_output(output, links) for output in execution.outputs]
    files = [_linked_file(file, links) for file in execution.files]
    is_omitted = any(new.content != old.content for new, old in zip(outputs, execution.outputs, strict=True))
    linked = replace(
        execution,
        outputs=outputs,
        files=files,
        notice=joined([*([execution.notice] if execution.notice else []), *links.notices()]),
        truncated={**(execution.truncated or {}), "outputs": True} if is_omitted else execution.truncated,
        openai_file_response=links.openai_files or None,
    )
    return fitted(linked, "auto")


def _linked_output(output: Output, links: "_Links") -> Output:
    """With a link in place of what only programs can read."""
    if output.file_name is None or output.folder is None:
        return output
    link = links.to(output.folder, output.file_name, output.content_type)
    if link is None:
        return output
    linked = replace(output, file_url=link.url, expiration_time=link.expires)
    if output.content_type.startswith("text/") or output.content_type == "application/json":
        return linked
    return replace(linked, content=None, reduced_content=None, is_reduced=None)


def _linked_file(file: File, links: "_Links") -> File:
    link = links.to(file.folder, file.file_name, file.content_type, file)
    return file if link is None else replace(file, file_url=link.url, expiration_time=link.expires)


@dataclass
class _Links:
    """Those of one execution. After an error that the next file would have too, there are no more."""

    reach: Reach
    publisher: Publisher
    execution: Execution
    until: float
    openai_files: list[str] = field(default_factory=list)
    _made: int = 0
    _missing: list[str] = field(default_factory=list)
    _failure: ConnectorError | None = None
    _is_late: bool = False
    _session: tuple[SessionClient, datetime | None] | None = None

    def to(self, folder: str, name: str, content_type: str, reported: File | None = None) -> _Link | None:
        """`reported` is the file as the run has left it, if that is known."""
        link = None
        if self._failure is None and self._made < MOST_LINKS:
            try:
                link = self._made_link(checked_path(name, folder), reported)
            except _OF_ONE_FILE:
                pass
            except ConnectorError as failure:
                self._failure = failure
        if link is None:
            self._missing.append(name)
            return None
        self._made += 1
        if (
            len(self.openai_files) < _MOST_OPENAI_FILES
            and link.size <= _MOST_OPENAI_BYTES
            and not content_type.startswith(("image/", "video/"))
            and link.streamed_url.startswith("https://")
        ):
            self.openai_files.append(link.streamed_url)
        return link

    def notices(self) -> Iterator[str]:
        """What has no link."""
        if not self._missing:
            return
        names = ", ".join(map(quoted, self._missing[:_NAMED]))
        more = f" and {len(self._missing) - _NAMED} more" if len(self._missing) > _NAMED else ""
        yield f"There are no links to {names}{more}: create them with ShareFile."
        if self._failure is not None:
            yield self._failure.message
        elif self._is_late:
            yield "There was no time to copy all files: request the result again with GetExecution."
        else:
            yield f"A result has links to {MOST_LINKS} files at most, of up to {MOST_BYTES:,} bytes, left unchanged."

    def _made_link(self, path: FilePath, reported: File | None) -> _Link | None:
        if time.monotonic() >= self.until:
            self._is_late = True
            return None
        reach = self.reach.within(Deadline.after(_LIST_SECONDS))
        session, session_ends = self._found_session(reach)
        path, file = find_headers(session, reach.facts, path)
        if file.size > MOST_BYTES or file.etag is None or (reported is not None and not _is_same(file, reported)):
            return None
        caller, publisher = reach.sessions.caller, self.publisher
        now = datetime.now(UTC).replace(microsecond=0)
        expires = now + timedelta(seconds=lifetime_of(None, publisher.most_hours))
        if reach.storage.files is None:
            if session_ends is not None:
                expires = min(expires, session_ends.replace(microsecond=0))
            url = session_link(publisher.tokens, publisher.base_url, caller, session, path, file.etag, expires)
            return _Link(url, expires, url, file.size)
        blob = self._copied(reach, session, path, file)
        if blob is None:
            return None
        expires = min(expires, blob.last_modified.replace(microsecond=0) + timedelta(hours=publisher.most_hours))
        if expires <= now:
            return None
        stored = StoredFile(session.id, path.name, path.folder, file.content_type, blob, expires)
        url = stored.url(publisher.tokens, publisher.base_url, caller)
        streamed_url = stored.url(publisher.tokens, publisher.base_url, caller, is_streamed=True)
        return _Link(url, stored.expires, streamed_url, blob.size)

    def _found_session(self, reach: Reach) -> tuple[SessionClient, datetime | None]:
        """The session, and when it ends. Raises SessionNotFound."""
        if self._session is None:
            # One part is counted for all files, which are copied one after the other.
            reach.hold(PART_BYTES)
            self.reach = replace(self.reach, sessions=replace(self.reach.sessions, admission=Admission()))
            session = existing_session(reach, self.execution.session_id)
            ends = session.get_session().expires if reach.storage.files is None else None
            self._session = session, ends
        session, ends = self._session
        return reach.sessions.session(session.id), ends

    def _copied(self, reach: Reach, session: SessionClient, path: FilePath, file: FileBytes) -> Blob | None:
        """The copy of this version, an earlier one if there is one. None if there was no time to complete it."""
        container = reach.storage.require_files()
        version = "\n".join((session.id, str(path), str(file.etag)))
        digest = hashlib.sha256(version.encode("utf-8", "surrogatepass")).hexdigest()[:32]
        name = shared_blob_name(reach.sessions.caller, f"{self.execution.execution_id}/{digest}", path.name)
        with contextlib.suppress(BlobNotFound):
            return container.get_blob(name)
        copy = blob_copy(session, path, file, blob_name=name, must_be_absent=True)
        try:
            copied = copy.advance(self.reach, self.until)
        except BlobExists:  # another request for this result has made it meanwhile
            return container.get_blob(name)
        if isinstance(copied, Blob):
            return copied
        self._is_late = True
        copy.cancel(self.reach)
        return None


def _is_same(file: FileBytes, reported: File) -> bool:
    """Whether the file is as the run has left it."""
    now, then = file.last_modified_time, reported.last_modified_time
    if now is None or then is None:
        return file.size == reported.size
    return file.size == reported.size and abs((now - then).total_seconds()) <= _SAME_TIME_SECONDS
