"""The session pool's data plane: one method for each thing that a pool can do. The only importer of requests.

Sends, waits, tries again, and turns what went wrong into the errors of `errors.py`; what the pool answered goes no
further. How requests and answers look in each api-version is `pool_wire.py`'s business.
"""

import contextlib
import copy
import random
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from http.cookiejar import DefaultCookiePolicy
from typing import Any, Protocol
from urllib.parse import quote

import requests
import urllib3
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase
from urllib3.connection import HTTPConnection

from ..callers.session_ids import pool_identifier
from ..errors import (
    ConnectorError,
    ExecutionNotFound,
    FileNotFound,
    FileTooLarge,
    InvalidFileName,
    PoolRejected,
    PoolTimeout,
    PoolUnavailable,
    PoolUnreachable,
    RequestTooLarge,
    SessionExecutorRoleMissing,
    SessionNotFound,
    TooManySessions,
)
from . import wire as pool_wire
from .wire import FileBody, FilePart, Metadata, PoolFile, PoolSession, Run, Wire

CONNECT_SECONDS = 5.0
READ_SECONDS = 30.0
"""For everything but runs; twice this, and the way there, still fits in a caller's patience of 100 seconds."""

ANSWER_MARGIN_SECONDS = 15.0
"""How much longer than a run its answer may take: a new session, and the way there and back."""

LONGEST_CALL_SECONDS = 224.0
"""For a run, with everything but its last connect: the front end of Azure Functions gives up at 230 s, and its 502 must
not follow code that was handed over."""

HAND_OVER_SECONDS = 4.0
"""How long a run is offered again to a pool that is busy or cannot be reached."""

_SHORTEST_READ_SECONDS = 1.0
"""Of an attempt to hand over a run that comes when the time is nearly over."""

_DEEPEST_FOLDER = 50
"""Below each other, where a version does not list recursively and each folder is a call."""

_BUSY_SECONDS = 30
"""What Retry-After says when a pool that is busy does not say it: sessions end by the minute."""


class Credential(Protocol):
    def token(self) -> str: ...


class RunLost(Exception):
    """The connection broke off after the code may have been handed over: nobody knows whether it ran."""


class SessionPoolClient:
    """One per process; safe to use from as many threads as `connections` says."""

    def __init__(
        self,
        endpoint: str,
        credential: Credential,
        *,
        api_version: str = "2025-10-02-preview",
        connections: int = 16,
    ) -> None:
        self._endpoint = endpoint.rstrip("/")
        self._credential = credential
        self._wire = Wire(api_version)
        self._caller: str | None = None
        self._gives_no_parts = threading.Event()
        self._http = requests.Session()
        self._http.auth = _Bearer(credential)
        self._http.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))  # callers share this session
        self._http.mount(self._endpoint, _Adapter(connections, _RETRY))
        # Code is handed over once: `execute_code` decides itself when it may be offered again.
        self._http.mount(
            f"{self._endpoint}/{self._wire.execute_path}?", _Adapter(connections, urllib3.Retry(0, read=False))
        )

    def for_caller(self, caller: str | None) -> "SessionPoolClient":
        """This client, with sessions that are this caller's own; with None, as it is, they are everybody's."""
        scoped = copy.copy(self)
        scoped._caller = caller
        return scoped

    @property
    def keeps_runs(self) -> bool:
        """Whether `get_execution` can find a run."""
        return self._wire.keeps_runs

    @property
    def longest_stdout(self) -> int:
        """Characters of a run's stdout that surely come back."""
        return self._wire.longest_stdout

    def execute_code(
        self,
        session_id: str,
        code: str,
        *,
        execution_id: str,
        timeout_seconds: int,
        may_repeat: bool = False,
        is_asynchronous: bool = False,
        read_seconds: float | None = None,
    ) -> Run:
        """Runs `code`; the pool keeps the run under `execution_id`. Raises RunLost when it may or may not have run.

        Code that sees to it that it runs once `may_repeat`: it is sent again when the connection broke off.
        An asynchronous run is Running when this returns, in a version that `keeps_runs`; it may have an interpreter of
        its own. `read_seconds` is how long its answer may take, in all attempts together; a little longer than the run
        without it. The pool goes on with a run that nobody waits for.
        """
        if read_seconds is None:
            longest_wait, longest_call = timeout_seconds + ANSWER_MARGIN_SECONDS, LONGEST_CALL_SECONDS
        else:
            longest_wait, longest_call = read_seconds, min(read_seconds, LONGEST_CALL_SECONDS)
        body = self._wire.run_body(code, timeout_seconds, is_asynchronous=is_asynchronous)
        started, was_lost = time.monotonic(), False
        self._credential.token()  # before the clock of the first attempt is read: it may have to be fetched
        for pause in _pauses():
            waited = time.monotonic() - started
            try:
                with _run_not_lost():
                    response = self._call(
                        "POST",
                        self._wire.execute_path,
                        session_id,
                        json=body,
                        headers={"operation-id": execution_id},
                        read_seconds=min(longest_wait, max(_SHORTEST_READ_SECONDS, longest_call - waited)),
                    )
                    return self._wire.read_run(_object(response))
            except RunLost:
                if not may_repeat or time.monotonic() - started > min(timeout_seconds, longest_wait - 1):
                    raise
                may_repeat, was_lost = False, True
                time.sleep(pause)
            except (PoolUnreachable, TooManySessions) as failure:
                if was_lost:
                    raise RunLost from failure
                asked = failure.__cause__.retry_after if isinstance(failure.__cause__, PoolAnswer) else None
                pause = pause if asked is None else asked
                if time.monotonic() - started + pause > HAND_OVER_SECONDS:
                    raise
                time.sleep(pause)
        raise AssertionError("the pauses never end")

    def get_execution(self, session_id: str, execution_id: str) -> Run:
        """Raises ExecutionNotFound."""
        response = self._call(
            "GET",
            f"executions/{quote(execution_id)}",
            session_id,
            not_found=_no_execution,
            api_version=self._wire.executions_api_version,
        )
        return self._wire.read_run(_object(response))

    def upload_file(self, session_id: str, folder: str, name: str, content: bytes) -> PoolFile:
        """Replaces a file of that name. Raises FileTooLarge and InvalidFileName."""
        body = FileBody(name, content)
        response = self._call(
            "POST",
            self._wire.upload_path,
            session_id,
            folder=folder,
            data=body,
            headers={"Content-Type": body.content_type},
        )
        # Versions differ in whether the answer's name is a path; where the file is, is known.
        return replace(self._wire.read_uploaded(_object(response)), name=name, directory="")

    def list_files(self, session_id: str, folder: str, *, recursive: bool) -> list[PoolFile]:
        """Files alone, without folders."""
        parameters = {"recursive": "true"} if recursive and self._wire.lists_recursively else {}
        found: list[PoolFile] = []
        folders = [""]
        while folders:
            below = folders.pop(0)
            path = "/".join(filter(None, (folder, below)))
            listed = _object(self._call("GET", "files", session_id, folder=path, parameters=parameters))
            for entry in self._wire.read_list(listed):
                if entry.is_folder and recursive and not parameters and below.count("/") < _DEEPEST_FOLDER:
                    folders.append("/".join(filter(None, (below, entry.name))))
                elif not entry.is_folder and (recursive or not entry.directory):
                    directory = "/".join(filter(None, (below, entry.directory)))
                    found.append(replace(entry, directory=directory))
        return found

    def has_folder(self, session_id: str, folder: str, name: str) -> bool:
        """Whether `folder` has one of that name. A version that lists no folders tells of those with files in them."""
        listed = self._wire.read_list(_object(self._call("GET", "files", session_id, folder=folder)))
        return any(
            entry.directory.split("/")[0] == name if entry.directory else entry.is_folder and entry.name == name
            for entry in listed
        )

    def get_file(self, session_id: str, folder: str, name: str) -> PoolFile:
        """Raises FileNotFound."""
        response = self._call(
            "GET", f"files/{quote(name, safe='')}", session_id, folder=folder, not_found=partial(no_file, name)
        )
        return replace(self._wire.read_file(_object(response)), name=name, directory="")

    def download_file(self, session_id: str, folder: str, name: str) -> bytes:
        """Raises FileNotFound."""
        with contextlib.closing(self._content(session_id, folder, name)) as response:
            return _read(response)

    def download_part(self, session_id: str, folder: str, name: str, first: int, last: int) -> FilePart | None:
        """The bytes from `first` to `last`, or fewer where the file ends before; None from a pool that gives no parts.

        Such a pool is asked only once in the life of a process. Raises FileNotFound.
        """
        if self._gives_no_parts.is_set():
            return None
        headers = {"Range": f"bytes={first}-{last}"}
        with contextlib.closing(self._content(session_id, folder, name, headers)) as response:
            if response.status_code != 206:
                self._gives_no_parts.set()
                return None  # the whole file is on its way, and is not read
            return self._wire.read_part(response.headers.get("Content-Range", ""), first, _read(response))

    def _content(
        self, session_id: str, folder: str, name: str, headers: dict[str, str] | None = None
    ) -> requests.Response:
        """An answer whose body has not been read."""
        return self._call(
            "GET",
            self._wire.content_path(quote(name, safe="")),
            session_id,
            folder=folder,
            not_found=partial(no_file, name),
            stream=True,
            headers={"Accept-Encoding": "identity", **(headers or {})},
        )

    def delete_file(self, session_id: str, folder: str, name: str) -> None:
        """Raises FileNotFound, unless it is the answer to a second attempt: then the first has deleted the file."""
        path = f"files/{quote(name, safe='')}"
        self._call("DELETE", path, session_id, folder=folder, not_found=partial(no_file, name), gone_when_retried=True)

    def get_session(self, session_id: str) -> PoolSession:
        """Makes no session. Raises SessionNotFound."""
        return pool_wire.read_session(_object(self._call_session("GET", session_id)))

    def end_session(self, session_id: str) -> None:
        """Raises SessionNotFound, unless it is the answer to a second attempt."""
        self._call_session("DELETE", session_id, gone_when_retried=True)

    def get_metadata(self) -> Metadata:
        """Makes no session."""
        response = self._call("GET", "metadata", None, api_version=self._wire.sessions_api_version)
        return pool_wire.read_metadata(_object(response))

    def _call_session(self, method: str, session_id: str, **request: Any) -> requests.Response:
        return self._call(
            method,
            "session",
            session_id,
            not_found=_no_session,
            api_version=self._wire.sessions_api_version,
            **request,
        )

    def _call(
        self,
        method: str,
        path: str,
        session_id: str | None,
        *,
        folder: str = "",
        parameters: dict[str, str] | None = None,
        read_seconds: float | None = None,
        not_found: "_NotFound | None" = None,
        gone_when_retried: bool = False,
        api_version: str | None = None,
        **request: Any,
    ) -> requests.Response:
        query = {"api-version": api_version or self._wire.api_version, **(parameters or {})}
        if session_id is not None:
            query["identifier"] = pool_identifier(session_id, self._caller)
        if folder:
            query["path"] = folder
        try:
            response = self._http.request(
                method,
                f"{self._endpoint}/{path}",
                params=query,
                timeout=(CONNECT_SECONDS, read_seconds or READ_SECONDS),
                allow_redirects=False,
                **request,
            )
        except requests.RequestException as failure:
            raise _transport_error(failure) from failure
        if 200 <= response.status_code < 300:
            return response
        if response.status_code == 404 and gone_when_retried and _was_retried(response):
            return response
        answer = PoolAnswer(response)
        if response.status_code == 413 and path == self._wire.execute_path:
            raise RequestTooLarge("The session pool does not take code of this size. Send it in parts.") from answer
        raise _refusal(answer, not_found) from answer


class _Bearer(AuthBase):
    def __init__(self, credential: Credential) -> None:
        self._credential = credential

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._credential.token()}"
        return request


class _Adapter(HTTPAdapter):
    """Keeps as many connections as there are threads, and has the kernel look after idle ones.

    A gateway drops a connection that is silent for some minutes, without a word; a run would wait on it in vain.
    """

    def __init__(self, connections: int, retry: urllib3.Retry) -> None:
        super().__init__(pool_connections=1, pool_maxsize=connections, max_retries=retry)

    def init_poolmanager(self, *arguments: Any, **keywords: Any) -> None:
        options = [*HTTPConnection.default_socket_options, (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)]
        if hasattr(socket, "TCP_KEEPIDLE"):
            options += [(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 60), (socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 15)]
        super().init_poolmanager(*arguments, socket_options=options, **keywords)


class _Retry(urllib3.Retry):
    """Waits for what Retry-After says, but never so long that the caller has gone."""

    _LONGEST_WAIT_SECONDS = 5.0

    def get_retry_after(self, response: Any) -> float | None:
        try:
            wait = super().get_retry_after(response)
        except (urllib3.exceptions.InvalidHeader, ValueError, OverflowError):
            return None
        return None if wait is None else min(wait, self._LONGEST_WAIT_SECONDS)


_RETRY = _Retry(
    total=3,
    read=1,
    other=0,
    backoff_factor=0.3,
    backoff_jitter=0.2,
    status_forcelist=(429, 502, 503, 504),
    allowed_methods=None,
    raise_on_status=False,
)


def _pauses() -> Iterator[float]:
    """Seconds between the attempts to hand over a run: longer each time, and different for each caller."""
    pause = 0.25
    while True:
        yield pause * (0.5 + random.random())
        pause *= 2


class PoolAnswer(Exception):
    """An answer of the pool that is none of 2xx, kept as the cause of the error it became, for the log."""

    def __init__(self, response: requests.Response) -> None:
        self.status = response.status_code
        self.code = _error_code(response)
        text = response.headers.get("Retry-After", "").strip()
        self.retry_after = min(int(text), 3600) if re.fullmatch("[0-9]{1,9}", text) else None
        super().__init__(f"the pool answered {self.status} {self.code}".strip())


@contextlib.contextmanager
def _run_not_lost() -> Iterator[None]:
    """Tells failures that came surely before the code ran from those after which nobody knows."""
    try:
        yield
    except (PoolUnavailable, PoolTimeout, pool_wire.Nonsense) as failure:
        raise RunLost from failure
    except ConnectorError:
        raise
    except Exception as failure:  # the answer broke the reading of it; the code was handed over all the same
        raise RunLost from failure


def _read(response: requests.Response) -> bytes:
    """All of a body that was left for later, at once: the library's own way holds it twice."""
    try:
        content: bytes = response.raw.read(decode_content=True)
    except urllib3.exceptions.HTTPError as failure:
        raise _transport_error(requests.ConnectionError(failure)) from failure
    return content


def _transport_error(failure: requests.RequestException) -> ConnectorError:
    if _never_sent(failure):
        return PoolUnreachable(
            "The session pool cannot be reached. Check that POOL_MANAGEMENT_ENDPOINT is its poolManagementEndpoint and "
            "that the function app's network reaches it; then try again."
        )
    if isinstance(failure, requests.Timeout) or _reason(failure, urllib3.exceptions.ReadTimeoutError):
        return PoolTimeout("The session pool did not answer in time. Try again in a minute.")
    return PoolUnavailable(
        "The connection to the session pool broke off. Try again in a moment.", retry_after_seconds=_BUSY_SECONDS
    )


def _never_sent(failure: requests.RequestException) -> bool:
    """True when no connection was made. TLS faults may come later too, all but a certificate that is not trusted."""
    if isinstance(failure, requests.ConnectTimeout | requests.exceptions.InvalidURL):
        return True
    if _reason(failure, urllib3.exceptions.NewConnectionError, urllib3.exceptions.ConnectTimeoutError):
        return True
    return _reason(failure, urllib3.exceptions.SSLError) and "CERTIFICATE_VERIFY_FAILED" in str(failure)


def _reason(failure: Exception, *kinds: type[Exception]) -> bool:
    """True when one of `kinds` is at the bottom of what requests and urllib3 wrapped."""
    cause = failure.args[0] if failure.args else None
    return isinstance(cause, kinds) or isinstance(getattr(cause, "reason", None), kinds)


def _was_retried(response: requests.Response) -> bool:
    retries = getattr(response.raw, "retries", None)
    return bool(retries is not None and retries.history)


def _refusal(answer: PoolAnswer, not_found: "_NotFound | None") -> ConnectorError:
    """The error for an answer that is none of 2xx. The pool's own words are not passed on, only its error's code."""
    retry_after = _BUSY_SECONDS if answer.retry_after is None else answer.retry_after
    match answer.status:
        case 401:
            return PoolRejected(
                "The session pool did not take the connector's token. Check that POOL_MANAGEMENT_ENDPOINT names a "
                "code-interpreter session pool and that it knows the version in POOL_API_VERSION (it answers an "
                "unknown version like this too)."
            )
        case 403:
            return SessionExecutorRoleMissing(
                "The connector's identity may not use the session pool. Assign it the role 'Azure ContainerApps "
                "Session Executor' on the pool, and wait a few minutes until that is known everywhere."
            )
        case 404 if not_found is not None:
            return not_found()
        case 400 if answer.code == "SessionWithIdentifierNotFound" and not_found is not None:
            return not_found()
        case 400 if answer.code in ("FileNameInvalid", "FilePathInvalid"):
            return InvalidFileName(
                "The session pool does not take this file name or folder. In a name, use letters, digits, "
                "spaces and - _ . @ $ & = ; , # % ^ ( ) + ! ' ~ [ ] { }; a folder has none of the last eight, and no "
                "dot.",
                target="fileName" if answer.code == "FileNameInvalid" else "folder",
            )
        case 413:
            return FileTooLarge(
                "The session pool does not take a file of this size: 128 MB is the most, and the session must have "
                "room for it. Send less, or compress it."
            )
        case 416:
            return PoolUnavailable(
                "The file changed while it was read. Ask for the part again.", retry_after_seconds=retry_after
            )
        case 429:
            return TooManySessions(
                "All sessions of the pool are in use. Try again later, end sessions that are not needed, or raise the "
                "pool's maximum.",
                retry_after_seconds=retry_after,
            )
        case 504 | 408:
            return PoolTimeout("The session pool did not answer in time. Try again in a minute.")
        case status if status >= 500:
            return PoolUnavailable(
                "The session pool has trouble. Try again in a moment.", retry_after_seconds=retry_after
            )
    named = f" ({answer.code})" if answer.code else ""
    return PoolRejected(
        f"The session pool refused the request with status {answer.status}{named}. Check that "
        "POOL_MANAGEMENT_ENDPOINT is the poolManagementEndpoint of a code-interpreter session pool for Python."
    )


def _error_code(response: requests.Response) -> str:
    try:
        body = response.json()
        error = body.get("error", body)
        code = error.get("code", "")
    except (ValueError, AttributeError, RecursionError):
        return ""
    return code if isinstance(code, str) and code.isalnum() and len(code) < 80 else ""


_NotFound = Callable[[], ConnectorError]
"""Makes the error where it is raised. One that waited in a variable would keep the frames of its own stack in memory,
with the bytes that they hold, until Python looks for cycles."""


def _no_execution() -> ExecutionNotFound:
    return ExecutionNotFound(
        "The session has no such run: it may have ended since, or the run belongs to another session. Look at the "
        "execution ID and the session ID.",
        target="executionId",
    )


def no_file(name: str) -> FileNotFound:
    return FileNotFound(
        f"The session has no file '{name[:100]}' there. ListFiles with recursive shows what it has; a session that was "
        "not used for a while has ended, and its files with it.",
        target="fileName",
    )


def _no_session() -> SessionNotFound:
    return SessionNotFound(
        "There is no such session: it was never used, was ended, or ended by itself after nobody had used it.",
        target="sessionId",
    )


def _object(response: requests.Response) -> dict[str, Any]:
    try:
        body = response.json()
    except (ValueError, RecursionError):
        raise pool_wire.nonsense() from None
    return pool_wire.read_object(body)
