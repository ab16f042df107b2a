"""Calls of Blob Storage. A call is one HTTP request with its retries; if it fails, it raises a ConnectorError.

The token is good at every account that the identity may reach. So it goes to the configured address alone, and
redirects are not followed. Everything can be sent again; what a lost response means is decided in `containers`.
"""

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

import requests
import urllib3

from ..errors import StorageRejected
from ..outbound import bodies
from ..outbound.bodies import BodyTooLarge, BytesBody
from ..outbound.connections import Adapter, AttemptTimeout
from ..outbound.credentials import Audience
from ..outbound.deadlines import Deadline, Deadlines
from ..outbound.failures import never_sent
from ..outbound.retries import Retries
from ..outbound.sender import Sender
from ..telemetry import open_telemetry
from ..telemetry.storage_calls import StorageCall
from .addresses import ContainerAddress
from .errors import UnsuccessfulResponse, response_error, timeout, transport_error, unreadable_response

VERSION = "2024-11-04"
"""Of the interface. Signatures of versions from 2026-04-06 on have further lines."""

AUDIENCE = Audience("https://storage.azure.com/.default", "Blob Storage", "storage", StorageRejected)
"""In all clouds. Source: "Authorize with Microsoft Entra ID" in the REST reference of Azure Storage."""

MOST_BYTES_OF_DOCUMENT = 16 << 20
"""A list of 100,000 blocks has half as many."""

_MOST_BYTES_OF_ERROR = 64 << 10
_PASSING = (408, 429, 500, 502, 503, 504)


class Credential(Protocol):
    def token(self, deadline: Deadline | None = None) -> str:
        """Raises StorageRejected when no token is available before the deadline."""

    def renew(self, rejected: str) -> bool:
        """Drops a token that was rejected. Returns whether `token` may provide a better one."""


@dataclass(frozen=True)
class Request:
    """`operation` is the name that Azure Storage logs it under. `path` is relative to the service, and quoted.

    `most_bytes` is how long the response may be. With `deleted_when_retried`, a 404 to a second attempt is a success:
    then the first has deleted the blob.
    """

    operation: str
    method: str
    path: str
    query: Mapping[str, str] | None = None
    headers: Mapping[str, str] | None = None
    content: bytes | None = None
    accepted: int = 200
    most_bytes: int = MOST_BYTES_OF_DOCUMENT
    deleted_when_retried: bool = False
    needs_delegator: bool = False


@dataclass(frozen=True)
class Response:
    headers: Mapping[str, str]
    content: bytes


class StorageCalls:
    """One per container; safe to use from as many threads as it has `connections`. `setting` has its address."""

    def __init__(
        self,
        address: ContainerAddress,
        credential: Credential,
        *,
        setting: str,
        connections: int,
        deadlines: Deadlines,
    ) -> None:
        self.deadlines = deadlines
        self._address = address
        self._setting = setting
        self._credential = credential
        self._sender = Sender(address.service, Adapter(connections), _unread)

    def call(self, request: Request, deadline: Deadline) -> Response:
        """The response, with its complete body. Raises ConnectorError, and StorageTimeout at the deadline."""
        with StorageCall(self._address.logged_name, request.method, request.operation) as record:
            return self._call(request, deadline, record)

    def _call(self, request: Request, deadline: Deadline, record: StorageCall) -> Response:
        retries = Retries(self.deadlines, deadline, statuses=_PASSING)
        is_renewed = False
        while True:
            token = self._credential.token(deadline)
            if not deadline.left:
                raise timeout()
            try:
                response = self._send(request, token, deadline, record)
                is_accepted = response.status_code == request.accepted
                content = _read(request, response) if is_accepted else _ignored(request, response)
            except requests.RequestException as failure:
                record.lost(failure)
                if not retries.after_loss(was_sent=not never_sent(failure)):
                    raise transport_error(failure, self._setting) from failure
                continue
            record.attempted(response.status_code, bytes_in=len(content), bytes_out=len(request.content or b""))
            if is_accepted:
                return Response(response.headers, content)
            if response.status_code < 400:
                raise unreadable_response()
            unsuccessful = UnsuccessfulResponse(response)
            if unsuccessful.status == 404 and request.deleted_when_retried and retries.made:
                return Response(response.headers, b"")
            if _rejects_token(unsuccessful) and not is_renewed and self._credential.renew(token):
                is_renewed = True
            elif not retries.after_response(response):
                raise response_error(
                    unsuccessful, self._setting, needs_delegator=request.needs_delegator
                ) from unsuccessful

    def _send(self, request: Request, token: str, deadline: Deadline, record: StorageCall) -> requests.Response:
        headers = {
            "Accept-Encoding": "identity",
            "x-ms-version": VERSION,
            **(request.headers or {}),
            **record.headers(),
            "Authorization": f"Bearer {token}",
        }
        with open_telemetry.without_spans():
            return self._sender.send(
                request.method,
                request.path,
                query=request.query or {},
                headers=headers,
                timeout=AttemptTimeout(
                    deadline, connect=self.deadlines.connect_seconds, read=self.deadlines.read_seconds
                ),
                data=None if request.content is None else BytesBody(request.content),
                stream=True,
            )


def _rejects_token(response: UnsuccessfulResponse) -> bool:
    """The code is that of a token with a wrong signature or audience; for one that has expired, the status is 401."""
    return response.status == 401 or response.code == "AuthenticationFailed"


def _read(request: Request, response: requests.Response) -> bytes:
    """The body, in one piece of memory if its length is known. Raises requests.RequestException, and StorageRejected
    for more than `most_bytes`.
    """
    length = "0" if request.method == "HEAD" else response.headers.get("Content-Length", "")
    with contextlib.closing(response):
        if not (length.isascii() and length.isdecimal()):
            with _refusing_large():
                bodies.load(response, request.most_bytes)
            return response.content
        if len(length) > 18 or int(length) > request.most_bytes:
            raise unreadable_response()
        try:
            content: bytes = response.raw.read(decode_content=False)
        except urllib3.exceptions.HTTPError as failure:
            raise requests.ConnectionError(failure) from failure
    return content


def _ignored(request: Request, response: requests.Response) -> bytes:
    """The body of an error, which is read so that the connection can be used again: its code is in a header, too."""
    with contextlib.closing(response), contextlib.suppress(requests.RequestException, BodyTooLarge):
        if request.method != "HEAD":
            bodies.load(response, _MOST_BYTES_OF_ERROR)
            return response.content
    return b""


@contextlib.contextmanager
def _refusing_large() -> Iterator[None]:
    try:
        yield
    except BodyTooLarge:
        raise unreadable_response() from None


def _unread(_: requests.Response) -> None:
    """No body is read while a request is sent: `_read` does, with a limit of its own."""
