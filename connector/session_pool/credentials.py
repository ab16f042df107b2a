"""The token for the pool. The only importer of azure.identity."""

import threading
import time
from typing import Protocol

from ..errors import PoolRejected
from .deadlines import Deadline

SCOPE = "https://dynamicsessions.io/.default"
_REFRESH_BEFORE_SECONDS = 300
_USABLE_SECONDS = 30  # a token that expires sooner may expire before the pool reads it
_FAILURE_LASTS_SECONDS = 5.0


class AccessToken(Protocol):
    @property
    def token(self) -> str: ...
    @property
    def expires_on(self) -> int: ...


class TokenSource(Protocol):
    """What azure.identity calls a credential."""

    def get_token(self, *scopes: str) -> AccessToken: ...


class PoolCredential:
    """One token, kept until shortly before it expires. Safe to use from many threads."""

    def __init__(self, kind: str, client_id: str | None = None, *, source: TokenSource | None = None) -> None:
        """`kind` is the setting POOL_CREDENTIAL. The first `token()` makes the first request."""
        self._kind = kind
        self._client_id = client_id
        self._source = source
        self._token: AccessToken | None = None
        self._failed_at = float("-inf")
        self._requesting = threading.Lock()

    def renew(self, rejected: str) -> bool:
        return False

    def token(self, deadline: Deadline | None = None) -> str:
        """Raises PoolRejected when no token is available."""
        token = self._token
        left = token.expires_on - time.time() if token is not None else 0
        if token is not None and left > _REFRESH_BEFORE_SECONDS:
            return token.token
        # While the old token is valid, one thread requests the next and the others use the old one.
        usable = token is not None and left > _USABLE_SECONDS
        if not self._requesting.acquire(blocking=not usable):
            assert token is not None
            return token.token
        try:
            if self._token is token:  # no other thread has requested one while this one waited
                self._request(usable=usable)
            assert self._token is not None
            return self._token.token
        finally:
            self._requesting.release()

    def _request(self, *, usable: bool) -> None:
        """Requests a token. A failure is remembered, so that waiting callers do not each repeat the request."""
        failed_before = time.monotonic() - self._failed_at < _FAILURE_LASTS_SECONDS
        try:
            if not failed_before:
                self._source = self._source or self._make_source()
                self._token = self._source.get_token(SCOPE)
                return
        except (
            Exception
        ) as failure:  # azure.identity also raises other errors than its own, for responses that it does not understand
            self._failed_at = time.monotonic()
            if not usable:
                raise PoolRejected(_NO_TOKEN[self._kind]) from failure
        if not usable:
            raise PoolRejected(_NO_TOKEN[self._kind])

    def _make_source(self) -> TokenSource:
        # Importing azure.identity takes a noticeable part of a cold start, and only calls of the pool need it.
        if self._kind == "azure_cli":
            from azure.identity import AzureCliCredential

            return AzureCliCredential(process_timeout=20)
        from azure.identity import ManagedIdentityCredential

        return ManagedIdentityCredential(
            client_id=self._client_id, connection_timeout=3, read_timeout=10, retry_total=1, retry_backoff_factor=0.3
        )


_NO_TOKEN = {
    "managed_identity": (
        "The connector could not get a token for the session pool. Turn on the function app's managed identity; for a "
        "user-assigned one, set AZURE_CLIENT_ID to its client ID."
    ),
    "azure_cli": (
        "The connector could not get a token for the session pool from the Azure CLI. Install it, and run `az login`."
    ),
}
