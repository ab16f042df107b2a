"""The token of the connector's identity for one service, such as Blob Storage. The only importer of azure.identity."""

import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from ..errors import ConnectorError
from ..telemetry import events
from .deadlines import Deadline

_REFRESH_BEFORE_SECONDS = 300
_USABLE_SECONDS = 30  # a token that expires sooner may expire before the service reads it
_FAILURE_LASTS_SECONDS = 5.0
_RENEWAL_LASTS_SECONDS = 5.0
"""How long a renewed token is not renewed again: a service that rejects this one too rejects the identity."""

_REQUEST_SECONDS = 20.0
"""How long callers wait for a request, all together."""

_ABANDONED_SECONDS = 60.0
"""The age at which a request that still runs is given up, and may be followed by another."""

_IN_HEADER = re.compile("[!-~]+")


class AccessToken(Protocol):
    @property
    def token(self) -> str: ...
    @property
    def expires_on(self) -> int: ...


class TokenSource(Protocol):
    """What azure.identity calls a credential."""

    def get_token(self, *scopes: str) -> AccessToken: ...


@dataclass(frozen=True)
class Audience:
    """A service that tokens are for: the `scope` that they are requested with, its `name` in messages and
    `logged_name` in records, and the `error` for a call that gets no token.
    """

    scope: str
    name: str
    logged_name: str
    error: type[ConnectorError]


class IdentityCredential:
    """One token, kept until shortly before it expires. Safe to use from many threads."""

    def __init__(
        self, audience: Audience, kind: str, client_id: str | None = None, *, source: TokenSource | None = None
    ) -> None:
        """`kind` is the setting POOL_CREDENTIAL, `client_id` AZURE_CLIENT_ID. The first `token()` makes the first
        request.
        """
        self._audience = audience
        self._kind = kind
        self._client_id = client_id
        self._given = source
        self._source = source
        self._token: _Token | None = None
        self._request: _Request | None = None
        self._renewed_at = float("-inf")
        self._lock = threading.Lock()

    def token(self, deadline: Deadline | None = None) -> str:
        """Raises the audience's error when no token is available before the deadline.

        While the old token is valid, one caller waits for the next, and the others use the old one.
        """
        with self._lock:
            token, request = self._token, self._request
            left = token.expires_on - time.time() if token is not None else 0
            if token is not None and left > _REFRESH_BEFORE_SECONDS:
                return token.token
            is_usable = token is not None and left > _USABLE_SECONDS
            is_first = request is None or request.may_be_repeated
            if request is None or is_first:
                request = self._request = _Request(self._audience, self._get_token)
        if is_first or not is_usable:
            request.wait(deadline)
            if request.token is not None:
                return request.token
            if not is_usable:
                failure = request.failure or TimeoutError("there was no token in time")
                raise self._audience.error(self._message(failure)) from failure
        assert token is not None
        return token.token

    def renew(self, rejected: str) -> bool:
        """Drops a token that the service has rejected, for example because its signing key has changed. Returns whether
        `token` may provide a better one. Of the callers with the same token, the first drops it for all.
        """
        with self._lock:
            if self._token is None or self._token.token != rejected:
                return True
            if time.monotonic() - self._renewed_at < _RENEWAL_LASTS_SECONDS:
                return False
            self._renewed_at = time.monotonic()
            events.token_rejected(self._audience.logged_name)
            self._source = self._given  # azure.identity would return the same token from its own cache
            self._token = self._request = None
            return True

    def _get_token(self) -> str:
        """Requests a token. azure.identity also raises other errors than its own, for responses that it does not
        understand.
        """
        started = time.monotonic()
        self._source = source = self._source or self._make_source()
        received = source.get_token(self._audience.scope)
        token = _Token(received.token, float(received.expires_on))
        if not isinstance(token.token, str) or not _IN_HEADER.fullmatch(token.token):
            raise _InvalidToken("the token has characters that a header cannot have")
        with self._lock:
            self._token = token
        events.token_renewed(self._audience.logged_name, round((time.monotonic() - started) * 1000))
        return token.token

    def _make_source(self) -> TokenSource:
        # Importing azure.identity takes a noticeable part of a cold start, and only calls of services need it.
        if self._kind == "azure_cli":
            from azure.identity import AzureCliCredential

            return AzureCliCredential(process_timeout=20)
        from azure.identity import ManagedIdentityCredential

        return ManagedIdentityCredential(
            client_id=self._client_id, connection_timeout=3, read_timeout=10, retry_total=1, retry_backoff_factor=0.3
        )

    def _message(self, failure: Exception) -> str:
        messages = _INVALID_TOKEN if isinstance(failure, _InvalidToken) else _NO_TOKEN
        return messages[self._kind].format(service=self._audience.name)


class _Request:
    """A request for a token, in a thread of its own: callers wait for it until their deadlines, and no longer."""

    def __init__(self, audience: Audience, get_token: Callable[[], str]) -> None:
        self.token: str | None = None
        self.failure: Exception | None = None
        self._audience = audience
        self._get_token = get_token
        self._began = time.monotonic()
        self._ended_at = float("inf")
        self._ended = threading.Event()
        threading.Thread(target=self._run, name="identity-token", daemon=True).start()

    @property
    def may_be_repeated(self) -> bool:
        """A failure is remembered, so that waiting callers do not each repeat the request."""
        now = time.monotonic()
        if not self._ended.is_set():
            return now - self._began > _ABANDONED_SECONDS
        return self.failure is None or now - self._ended_at > _FAILURE_LASTS_SECONDS

    def wait(self, deadline: Deadline | None) -> None:
        seconds = max(0.0, self._began + _REQUEST_SECONDS - time.monotonic())
        self._ended.wait(seconds if deadline is None else min(seconds, deadline.left))

    def _run(self) -> None:
        try:
            self.token = self._get_token()
        except Exception as failure:
            self.failure = failure
            events.token_failed(self._audience.logged_name, failure)
        self._ended_at = time.monotonic()
        self._ended.set()


@dataclass(frozen=True)
class _Token:
    token: str
    expires_on: float


class _InvalidToken(Exception):
    pass


_NO_TOKEN = {
    "managed_identity": (
        "The connector could not get a token for {service}. Turn on the function app's managed identity; for a "
        "user-assigned one, set AZURE_CLIENT_ID to its client ID."
    ),
    "azure_cli": (
        "The connector could not get a token for {service} from the Azure CLI. Install it, and run `az login`."
    ),
}

_INVALID_TOKEN = {
    "managed_identity": (
        "The token that the connector got for {service} is not valid: it has characters that no token has. "
        "Check which service responds at the function app's IDENTITY_ENDPOINT."
    ),
    "azure_cli": (
        "The token that the Azure CLI returned for {service} is not valid: it has characters that no token has. "
        "Check the output of `az account get-access-token`."
    ),
}
