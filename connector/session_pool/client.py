"""Calls of the session pool's data plane.

A call is one HTTP request with its retries. If it fails, it raises a ConnectorError. This module does not know what the
requests and responses of an api-version look like (`wire`) or what can be done in a session (`sessions`).
"""

import threading
from http.cookiejar import DefaultCookiePolicy
from typing import Any, Protocol

import requests
import urllib3
from requests.auth import AuthBase

from ..errors import FileTooLarge
from ..telemetry.pool_calls import PoolCall, pool_name
from . import wire
from .deadlines import Deadlines
from .errors import NotFound, UnsuccessfulResponse, response_error, transport_error
from .retries import Adapter, Retry, was_retried
from .wire import Metadata, Wire


class Credential(Protocol):
    def token(self) -> str: ...


class SessionPoolClient:
    """One per process; safe to use from as many threads as it has `connections`."""

    def __init__(
        self,
        endpoint: str,
        credential: Credential,
        *,
        api_version: str = "2025-10-02-preview",
        connections: int = 16,
        deadlines: Deadlines | None = None,
    ) -> None:
        self.wire = Wire(api_version)
        self.deadlines = deadlines or Deadlines()
        self.serves_no_ranges = threading.Event()
        """Set by the first response with a complete file where a range was requested."""

        self.name = pool_name(endpoint)
        self._endpoint = endpoint.rstrip("/")
        self._credential = credential
        self._http = requests.Session()
        self._http.auth = _Bearer(credential)
        self._http.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))  # callers share this session
        retry = Retry.within(self.deadlines)
        self._http.mount(self._endpoint, Adapter(connections, retry))
        # Code is handed over once: `hand_over` decides when it may be offered again.
        self._http.mount(f"{self._endpoint}/{self.wire.execute_path}?", Adapter(connections, Retry.never()))

    @property
    def keeps_runs(self) -> bool:
        """Whether `SessionClient.get_execution` can find a run."""
        return self.wire.keeps_runs

    @property
    def longest_stdout(self) -> int:
        """How many characters of a run's stdout are certainly returned."""
        return self.wire.longest_stdout

    def get_metadata(self) -> Metadata:
        """What is installed in the pool's sessions. Starts no session."""
        response = self.call("GET", "metadata", None, api_version=self.wire.sessions_api_version)
        return wire.read_metadata(read_object(response))

    def fetch_token(self) -> None:
        """Fetches the token, so that the next call does not have to. Raises PoolRejected."""
        self._credential.token()

    def call(
        self,
        method: str,
        path: str,
        identifier: str | None,
        *,
        folder: str = "",
        parameters: dict[str, str] | None = None,
        read_seconds: float | None = None,
        not_found: NotFound | None = None,
        deleted_when_retried: bool = False,
        api_version: str | None = None,
        **request: Any,
    ) -> requests.Response:
        """The response, if its status is 2xx. Raises ConnectorError otherwise.

        `path` is relative to the pool. `identifier` is the session's in the pool, None for a call without a session.
        `not_found` makes the error for a 404. With `deleted_when_retried`, a 404 to a second attempt is returned: then
        the first has deleted the object. `request` has further arguments of `requests.request`.
        """
        query = {"api-version": api_version or self.wire.api_version, **(parameters or {})}
        if identifier is not None:
            query["identifier"] = identifier
        if folder:
            query["path"] = folder
        with PoolCall(self.name, method, path) as pool_call:
            try:
                response = self._http.request(
                    method,
                    f"{self._endpoint}/{path}",
                    params=query,
                    timeout=(self.deadlines.connect_seconds, read_seconds or self.deadlines.read_seconds),
                    allow_redirects=False,
                    headers={**pool_call.headers(), **request.pop("headers", {})},
                    **request,
                )
            except requests.RequestException as failure:
                pool_call.attempted()
                raise transport_error(failure) from failure
            pool_call.attempted(response.status_code)
            if 200 <= response.status_code < 300:
                return response
            if response.status_code == 404 and deleted_when_retried and was_retried(response):
                return response
            unsuccessful = UnsuccessfulResponse(response)
            is_run = path == self.wire.execute_path
            raise response_error(unsuccessful, not_found, is_run=is_run) from unsuccessful


def read_object(response: requests.Response) -> dict[str, Any]:
    """The JSON object of the response. Raises PoolRejected."""
    try:
        body = response.json()
    except (ValueError, RecursionError):
        raise wire.unreadable_response() from None
    return wire.read_object(body)


def read_content(response: requests.Response, max_bytes: int | None = None) -> bytes:
    """The body of a response to a call with `stream`, read at once: `response.content` would need twice the memory.

    Raises FileTooLarge if it has more than `max_bytes`; the rest is not read.
    """
    try:
        content: bytes = response.raw.read(None if max_bytes is None else max_bytes + 1, decode_content=True)
    except urllib3.exceptions.HTTPError as failure:
        raise transport_error(requests.ConnectionError(failure)) from failure
    if max_bytes is not None and len(content) > max_bytes:
        raise FileTooLarge(f"The file has more than {max_bytes} bytes. Store less in it.")
    return content


class _Bearer(AuthBase):
    def __init__(self, credential: Credential) -> None:
        self._credential = credential

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._credential.token()}"
        return request
