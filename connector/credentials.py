"""The token that the pool asks for. The only importer of azure.identity."""

import threading
import time
from typing import Protocol

from .errors import PoolRejected

SCOPE = "https://dynamicsessions.io/.default"
_REFRESH_BEFORE_SECONDS = 300


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
        """`kind` is the setting POOL_CREDENTIAL. Nothing is asked for before the first `token()`."""
        self._kind = kind
        self._client_id = client_id
        self._source = source
        self._token: AccessToken | None = None
        self._lock = threading.Lock()

    def token(self) -> str:
        """Raises PoolRejected when no token is to be had, with what to do about it."""
        with self._lock:
            if self._token is None or self._token.expires_on - time.time() < _REFRESH_BEFORE_SECONDS:
                self._token = self._fetch()
            return self._token.token

    def _fetch(self) -> AccessToken:
        # azure.identity takes a noticeable part of a cold start to import, and only calls to the pool need it.
        from azure.core.exceptions import AzureError

        if self._source is None:
            self._source = self._make_source()
        try:
            return self._source.get_token(SCOPE)
        except AzureError as failure:
            still_good = self._token is not None and self._token.expires_on > time.time()
            if still_good and self._token is not None:
                return self._token
            raise PoolRejected(_NO_TOKEN[self._kind]) from failure

    def _make_source(self) -> TokenSource:
        if self._kind == "azure_cli":
            from azure.identity import AzureCliCredential

            return AzureCliCredential()
        from azure.identity import ManagedIdentityCredential

        return ManagedIdentityCredential(client_id=self._client_id)


_NO_TOKEN = {
    "managed_identity": (
        "The connector got no token for the session pool. Turn on the function app's managed identity; for a "
        "user-assigned one, set AZURE_CLIENT_ID to its client ID."
    ),
    "azure_cli": (
        "The connector got no token for the session pool from the Azure CLI. Install it, run `az login`, and try again."
    ),
}
