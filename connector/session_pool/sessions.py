"""Sessions of the pool, with a method for each thing that the pool can do in one.

`CallerSessions` is made for each request and knows whose sessions these are; `SessionClient` is one of them. Neither
starts a session: the pool does, with the first call that needs one.
"""

import contextlib
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, TypeVar
from urllib.parse import quote

import requests

from ..bulkhead import Admission
from ..callers.session_ids import check_session_id, mint_session_id, pool_identifier
from ..errors import ConnectorError, SessionNotFound
from ..models import FilePath
from ..outbound.deadlines import Deadline
from ..telemetry.activity import note_minted_session, note_session
from . import wire
from .client import SessionPoolClient, read_content, read_object
from .errors import execution_not_found, file_not_found, session_not_found
from .hand_over import hand_over
from .listings import entries_of, files_in
from .pools import Pools
from .wire import FileBody, FileRange, PoolFile, PoolSession, Run

Result = TypeVar("Result")


@dataclass(frozen=True)
class CallerSessions:
    """The sessions of one caller. `caller` is None for all callers with function keys. Without a `deadline`, which is
    that of the request, each call of the pool has its own.
    """

    pools: Pools
    caller: str | None = None
    deadline: Deadline | None = None
    admission: Admission = field(default_factory=Admission, compare=False)

    def session(self, session_id: str) -> "SessionClient":
        """Raises InvalidSessionId."""
        identifier = pool_identifier(check_session_id(session_id), self.caller)
        pool = self.pools.pool_of(session_id, identifier)
        return SessionClient(pool, session_id, identifier, self.deadline, admission=self.admission)

    def mint_session_id(self) -> str:
        """An id that cannot be guessed, for a session that is to be created later."""
        note_minted_session()
        return mint_session_id(self.pools.for_new_session().tag)

    def with_new_session(self, use: Callable[["SessionClient"], Result]) -> Result:
        """What `use` returns for a session with an id that cannot be guessed.

        If the session's pool refuses it, `use` is called again with a session of another pool.
        """

        def use_pool(pool: SessionPoolClient, waits: bool) -> Result:
            note_minted_session()
            session_id = mint_session_id(pool.tag)
            identifier = pool_identifier(session_id, self.caller)
            return use(SessionClient(pool, session_id, identifier, self.deadline, waits, self.admission))

        return self.pools.with_new_session(use_pool)


@dataclass(frozen=True)
class SessionClient:
    """`id` is the session id that the caller knows; `identifier` is its name in the pool. All calls that are made with
    it share its `deadline`.

    `waits` is whether they wait for some seconds for a pool that is full or cannot be reached.
    """

    pool: SessionPoolClient
    id: str
    identifier: str
    deadline: Deadline | None = None
    waits: bool = True
    admission: Admission = field(default_factory=Admission, compare=False)

    def __post_init__(self) -> None:
        note_session(self.id)  # for the log, which has its hash

    def with_deadline(self, deadline: Deadline) -> "SessionClient":
        """The same session, for an operation with another deadline."""
        return replace(self, deadline=deadline)

    def deadline_of_execution(self, wait_seconds: float) -> Deadline:
        """That of an execution whose caller waits so long for it."""
        return self.pool.deadlines.of_execution(self._deadline_of_operation, wait_seconds)

    def for_transfer(self, n_bytes: int) -> "SessionClient":
        """The same session, for an operation that carries so many bytes of files."""
        return self.with_deadline(self.pool.deadlines.of_transfer(self._deadline_of_operation, n_bytes))

    def with_reserve(self) -> "SessionClient":
        """The same session, with a deadline that leaves time for what must be done after its calls."""
        return self.with_deadline(self._deadline_of_operation.reserving(self.pool.deadlines.reserve_seconds))

    @property
    def _deadline_of_operation(self) -> Deadline:
        return self.deadline or self.pool.deadlines.of_operation()

    def execute_code(
        self,
        code: str,
        *,
        execution_id: str,
        timeout_seconds: int,
        may_repeat: bool = False,
        is_asynchronous: bool = False,
        read_seconds: float | None = None,
    ) -> Run:
        """Runs `code`; the pool keeps the run under `execution_id`. Raises RunLost when it may or may not have run.

        `may_repeat` is for code that prevents a second run of itself: it is sent again after the connection failed. An
        asynchronous run is Running when this returns, in a version that `keeps_runs`; it may have an
        interpreter of its own. `read_seconds` is how long the response may take, in all attempts together; by default,
        a little longer than the run. The pool continues a run after that.
        """
        body = self.pool.wire.run_body(code, timeout_seconds, is_asynchronous=is_asynchronous)
        deadlines, longest_wait = self.pool.deadlines, read_seconds
        if longest_wait is None:
            longest_wait = timeout_seconds + deadlines.response_margin_seconds
        deadline = self.deadline or Deadline.after(deadlines.longest_execution_seconds)
        self.admission.enter_pool()
        self.pool.fetch_token(deadline)  # before the clock of the first attempt starts: it may take a while
        if read_seconds is not None:
            deadline = deadline.within(read_seconds)

        def offer(deadline: Deadline) -> Run:
            response = self.pool.call(
                "POST",
                self.pool.wire.execute_path,
                self.identifier,
                deadline=deadline,
                waits=self.waits,
                json=body,
                headers={"operation-id": execution_id},
            )
            return self.pool.wire.read_run(read_object(response))

        return hand_over(
            offer,
            deadlines=deadlines,
            deadline=deadline,
            longest_wait_seconds=longest_wait,
            longest_repeat_seconds=min(timeout_seconds, longest_wait - 1),
            may_repeat=may_repeat,
            waits=self.waits,
        )

    def get_execution(self, execution_id: str) -> Run:
        """Raises ExecutionNotFound."""
        response = self._call(
            "GET",
            f"executions/{quote(execution_id)}",
            not_found=execution_not_found,
            api_version=self.pool.wire.executions_api_version,
        )
        return self.pool.wire.read_run(read_object(response))

    def upload_file(self, path: FilePath, content: bytes) -> PoolFile:
        """Replaces a file at that path. Raises FileTooLarge and InvalidFileName."""
        body = FileBody(path.name, content)
        response = self._call(
            "POST",
            self.pool.wire.upload_path,
            folder=path.folder,
            data=body,
            headers={"Content-Type": body.content_type},
        )
        # Versions differ in whether the response's name is a path; the path is known here.
        return replace(self.pool.wire.read_uploaded(read_object(response)), name=path.name, directory="")

    def list_files(self, folder: str, *, recursive: bool, refused: list[str] | None = None) -> list[PoolFile]:
        """Files alone, without folders. Raises TooManyFiles.

        Where a version does not list recursively, the pool may not list some of the folders below: their paths,
        relative to `folder`, are added to `refused`. Without that, raises InvalidFileName.
        """
        return files_in(self._listing, self.pool.wire, folder, recursive=recursive, refused=refused)

    def has_folder(self, path: FilePath) -> bool:
        """Whether there is a folder at that path. In api-versions that list only files, it must contain a file."""
        return any(
            entry.directory.split("/")[0] == path.name
            if entry.directory
            else entry.is_folder and entry.name == path.name
            for entry in entries_of(self._listing, self.pool.wire, path.folder, {})
        )

    def get_file(self, path: FilePath) -> PoolFile:
        """Raises FileNotFound."""
        response = self._call("GET", f"files/{_quoted(path)}", folder=path.folder, not_found=_file_not_found(path))
        return replace(self.pool.wire.read_file(read_object(response)), name=path.name, directory="")

    def download_file(self, path: FilePath, *, max_bytes: int | None = None) -> bytes:
        """Raises FileNotFound, and FileTooLarge for a file of more than `max_bytes`."""
        with contextlib.closing(self._content(path)) as response:
            return read_content(response, max_bytes)

    def download_range(self, path: FilePath, first: int, last: int) -> FileRange | None:
        """The bytes from `first` to `last`, fewer where the file ends before; None from a pool that serves no ranges.

        A process requests a range of such a pool only once. Raises FileNotFound.
        """
        if self.pool.serves_no_ranges.is_set():
            return None
        with contextlib.closing(self._content(path, {"Range": f"bytes={first}-{last}"})) as response:
            if response.status_code != 206:
                self.pool.serves_no_ranges.set()
                return None  # the body is the complete file, and is not read
            content_range = response.headers.get("Content-Range", "")
            return self.pool.wire.read_range(content_range, first, read_content(response, last + 1 - first))

    def delete_file(self, path: FilePath) -> None:
        """Raises FileNotFound, unless it is the response to a second attempt: then the first has deleted the file."""
        self._delete(f"files/{_quoted(path)}", folder=path.folder, not_found=_file_not_found(path))

    def get_session(self) -> PoolSession:
        """Starts no session. Raises SessionNotFound."""
        version = self.pool.wire.sessions_api_version
        response = self._call("GET", "session", not_found=session_not_found, api_version=version)
        return wire.read_session(read_object(response))

    def exists(self) -> bool:
        """Starts no session, unlike reading a file. True if the pool does not tell."""
        try:
            self.get_session()
        except SessionNotFound:
            return False
        except ConnectorError:
            return True  # a region that does not have the route
        return True

    def end_session(self) -> None:
        """Raises SessionNotFound, unless it is the response to a second attempt."""
        version = self.pool.wire.sessions_api_version
        self._delete("session", not_found=session_not_found, api_version=version)

    def _content(self, path: FilePath, headers: dict[str, str] | None = None) -> requests.Response:
        """A response whose body has not been read."""
        return self._call(
            "GET",
            self.pool.wire.content_path(_quoted(path)),
            folder=path.folder,
            not_found=_file_not_found(path),
            accepted=(200, 206) if headers else (200,),
            stream=True,
            headers={"Accept-Encoding": "identity", **(headers or {})},
        )

    def _listing(self, folder: str, parameters: dict[str, str]) -> requests.Response:
        """One page. Raises ResponseTooLarge."""
        return self._call("GET", "files", folder=folder, parameters=parameters)

    def _delete(self, path: str, **request: Any) -> None:
        """The service responds with 204, and its container alone with 200 and JSON. Anything else, such as the page of
        a proxy, does not mean that something was deleted.
        """
        response = self._call("DELETE", path, accepted=(200, 204), deleted_when_retried=True, **request)
        if response.status_code == 200 and response.content:
            read_object(response)

    def _call(self, method: str, path: str, **request: Any) -> requests.Response:
        self.admission.enter_pool()
        return self.pool.call(method, path, self.identifier, deadline=self.deadline, waits=self.waits, **request)


def _quoted(path: FilePath) -> str:
    return quote(path.name, safe="")


def _file_not_found(path: FilePath) -> Any:
    return partial(file_not_found, path.name)
