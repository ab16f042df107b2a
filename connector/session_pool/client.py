"""Calls of the session pool's data plane.

A call is one HTTP request with its retries. If it fails, it raises a ConnectorError. This module does not know what the
requests and responses of an api-version look like (`wire`) or what can be done in a session (`sessions`).
"""

import re
import threading
from collections.abc import Mapping
from typing import Any, Protocol

import requests
import urllib3

from ..errors import ConnectorError, FileTooLarge, PoolRejected
from ..outbound.connections import Adapter, AttemptTimeout
from ..outbound.credentials import Audience
from ..outbound.deadlines import Deadline, Deadlines
from ..outbound.failures import never_sent
from ..outbound.retries import Retries
from ..outbound.sender import Sender
from ..telemetry import open_telemetry
from ..telemetry.pool_calls import PoolCall
from . import wire
from .bodies import load
from .circuit import Circuit, CircuitTimes
from .endpoints import name_of, tag_of
from .errors import NotFound, NotSent, UnsuccessfulResponse, response_error, timeout, transport_error
from .wire import Metadata, Wire

AUDIENCE = Audience("https://dynamicsessions.io/.default", "the session pool", "pool", PoolRejected)


class Credential(Protocol):
    def token(self, deadline: Deadline | None = None) -> str:
        """Raises PoolRejected when no token is available before the deadline."""

    def renew(self, rejected: str) -> bool:
        """Drops a token that the pool has rejected. Returns whether `token` may provide a better one."""


class SessionPoolClient:
    """One per pool and process; safe to use from as many threads as it has `connections`."""

    def __init__(
        self,
        endpoint: str,
        credential: Credential,
        *,
        api_version: str = "2025-10-02-preview",
        connections: int = 16,
        deadlines: Deadlines | None = None,
        circuit_times: CircuitTimes | None = None,
    ) -> None:
        self.wire = Wire(api_version)
        self.deadlines = deadlines or Deadlines()
        self.name, self.tag = name_of(endpoint), tag_of(endpoint)
        """For people, and for programs: names may repeat, tags differ."""

        self.logged_name = f"{self.name}-{self.tag}"
        self.circuit = Circuit(self._probe, circuit_times, pool=self.logged_name)
        """Whether calls are sent to the pool, or fail at once because it is down."""

        self.serves_no_ranges = threading.Event()
        """Set by the first response with a complete file where a range was requested."""

        self._credential = credential
        self._sender = Sender(endpoint, Adapter(connections), load)

    @property
    def keeps_runs(self) -> bool:
        """Whether `SessionClient.get_execution` can find a run."""
        return self.wire.keeps_runs

    @property
    def longest_stdout(self) -> int:
        """How many characters of a run's stdout are certainly returned."""
        return self.wire.longest_stdout

    def get_metadata(self, deadline: Deadline | None = None) -> Metadata:
        """What is installed in the pool's sessions. Starts no session."""
        response = self.call("GET", "metadata", None, api_version=self.wire.sessions_api_version, deadline=deadline)
        return wire.read_metadata(read_object(response))

    def fetch_token(self, deadline: Deadline | None = None) -> None:
        """Fetches the token, so that the next call does not have to. Raises PoolRejected."""
        self._credential.token(deadline)

    def call(self, method: str, path: str, identifier: str | None, **options: Any) -> requests.Response:
        """As `_call`, with a record in the log."""
        with PoolCall(self.logged_name, method, path) as record:
            return self._call(record, method, path, identifier, **options)

    def _call(
        self,
        record: PoolCall,
        method: str,
        path: str,
        identifier: str | None,
        *,
        deadline: Deadline | None = None,
        folder: str = "",
        parameters: dict[str, str] | None = None,
        not_found: NotFound | None = None,
        accepted: tuple[int, ...] = (200, 201, 202),
        deleted_when_retried: bool = False,
        api_version: str | None = None,
        waits: bool = True,
        **request: Any,
    ) -> requests.Response:
        """The response, if its status is `accepted`. Raises ConnectorError otherwise, and PoolTimeout at the deadline.

        `path` is relative to the pool. `identifier` is the session's in the pool, None for a call without a session.
        Code is sent once; its response may take until the deadline. Without a deadline, the call has that of an
        operation. `not_found` makes the error for a 404. With `deleted_when_retried`, a 404 to a second attempt is
        returned: then the first has deleted the object. Unless it `waits`, a call fails at once if the pool is full or
        cannot be reached. `request` has further arguments of `Sender.send`.
        """
        deadline = deadline or self.deadlines.of_operation()
        is_run = path == self.wire.execute_path
        query = {"api-version": api_version or self.wire.api_version, **(parameters or {})}
        if identifier is not None:
            query["identifier"] = identifier
        if folder:
            query["path"] = folder
        retries = Retries(self.deadlines, deadline, waits=waits)
        is_renewed = False
        headers = request.pop("headers", {})
        while True:
            self.circuit.check(deadline if retries.made else None)
            token = self._credential.token(deadline)
            if not deadline.left:
                raise timeout() from NotSent("the deadline has passed")
            try:
                response = self._attempt(
                    method,
                    path,
                    token,
                    AttemptTimeout(
                        deadline,
                        connect=self.deadlines.connect_seconds if waits else self.deadlines.connect_elsewhere_seconds,
                        read=deadline.left if is_run else self.deadlines.read_seconds,
                    ),
                    query=query,
                    headers={**headers, **record.headers()},
                    **request,
                )
            except requests.RequestException as failure:
                record.lost(failure)
                if is_run or not retries.after_loss(was_sent=not never_sent(failure)):
                    raise transport_error(failure) from failure
                continue
            record.attempted(response.status_code, **_sizes(response))
            if response.status_code in accepted:
                return response
            if 200 <= response.status_code < 300:
                response.close()
                raise wire.unreadable_response()
            if response.status_code == 404 and deleted_when_retried and retries.made:
                return response
            if response.status_code == 401 and not is_renewed and self._credential.renew(token):
                is_renewed = True  # also for code: a pool that does not know the caller has not run it
            elif is_run or not retries.after_response(response):
                unsuccessful = UnsuccessfulResponse(response)
                is_upload = method == "POST" and not is_run
                raise response_error(unsuccessful, not_found, is_run=is_run, is_upload=is_upload) from unsuccessful
            response.close()

    def _attempt(self, *arguments: Any, **request: Any) -> requests.Response:
        """`_send`, observed by the circuit."""
        try:
            with self.circuit.waiting():
                response = self._send(*arguments, **request)
        except requests.RequestException:
            self.circuit.failed()
            raise
        if response.status_code < 500:
            self.circuit.responded()
        else:
            self.circuit.failed()
        return response

    def _send(self, method: str, path: str, token: str, timeouts: AttemptTimeout, **request: Any) -> requests.Response:
        """One request, without retries. Raises requests.RequestException, and ResponseTooLarge."""
        headers = {**request.pop("headers", {}), "Authorization": f"Bearer {token}"}
        with open_telemetry.without_spans():
            return self._sender.send(method, path, headers=headers, timeout=timeouts, **request)

    def _probe(self) -> ConnectorError | None:
        """The error of a pool that does not respond, for the circuit."""
        seconds = self.deadlines.probe_seconds
        deadline = Deadline.after(seconds)
        timeouts = AttemptTimeout(deadline, connect=seconds, read=seconds)
        query = {"api-version": self.wire.sessions_api_version}
        try:
            response = self._send("GET", "metadata", self._credential.token(deadline), timeouts, query=query)
        except requests.RequestException as failure:
            return transport_error(failure)
        except ConnectorError:
            return None  # without a token, nothing is known about the pool
        if response.status_code < 500:
            return None
        return response_error(UnsuccessfulResponse(response), None, is_run=False)


def _sizes(response: requests.Response) -> dict[str, int]:
    """Of the bodies. That of a response that has not been read is as long as its header states."""
    is_read = getattr(response, "_content_consumed", False)
    bytes_in = len(response.content) if is_read else _length(response.headers)
    return {"bytes_in": bytes_in, "bytes_out": _length(response.request.headers)}


def _length(headers: Mapping[str, str]) -> int:
    length = headers.get("Content-Length", "")
    return int(length) if re.fullmatch("[0-9]{1,15}", length) else 0


def read_object(response: requests.Response) -> dict[str, Any]:
    """The JSON object of the response. Raises PoolRejected."""
    return wire.read_object(wire.read_json(response.content))


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
