"""Sign-in with Entra ID: identifies callers by bearer tokens, and checks that they may call. The only importer of jwt.

The connector checks each token itself, and does not rely on a platform in front of it. Source of the claims in a token:
"Access token claims reference" in the documentation of the Microsoft identity platform.
"""

import http.client
import json
import threading
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import Any

import jwt

from ..errors import CallerNotAllowed, SignInUnavailable, Unauthorized
from ..telemetry.activity import note_caller

_LEEWAY_SECONDS = 60
"""How much the clock may differ from Entra ID's."""

_LONGEST_TOKEN = 32_768
"""Characters. A token has 200 groups at most, and with them fewer than half of this; longer ones are not read."""

_MOST_BYTES = 1_000_000


@dataclass
class KeyTimes:
    """When published keys are fetched, and how long they are kept. In seconds."""

    timeout: float = 5.0

    fresh: float = 3600.0
    """How long keys are used before they are fetched again. Then a withdrawn key is no longer accepted."""

    usable: float = 24 * 3600.0
    """How long keys are used when they cannot be fetched again."""

    pause: float = 30.0
    """Between two fetches, even for unknown key ids: anyone can invent those."""

    pause_after_failure: float = 5.0


class EntraSignIn:
    """Identifies callers of one tenant, and refuses all others. Safe to use from many threads."""

    def __init__(
        self,
        authority: str,
        tenant_id: str,
        audiences: tuple[str, ...],
        allowed_callers: tuple[str, ...],
        *,
        times: KeyTimes | None = None,
    ) -> None:
        """`authority` is the address of Entra ID's host; `allowed_callers` are values of the claims that name callers.

        The first `caller()` makes the first request.
        """
        self._tenant_id = tenant_id
        self._audiences = audiences
        self._allowed = frozenset(allowed_callers)
        # The app registration decides which of the two versions of tokens it gets, not the endpoint that callers use.
        # Version 1's issuer is that of the public cloud: for sovereign clouds, only that of version 2 is documented.
        self._issuers = (f"https://sts.windows.net/{tenant_id}/", f"{authority}/{tenant_id}/v2.0")
        self._keys = PublishedKeys(f"{authority}/{tenant_id}/discovery/v2.0/keys", times or KeyTimes())
        self._challenge = f'Bearer authorization_uri="{authority}/{tenant_id}/oauth2/v2.0/authorize"'

    def caller(self, authorization: str | None, *, resource_metadata: str | None = None) -> str:
        """`TENANT-ID/OBJECT-ID` of the caller who sent this Authorization header.

        Raises Unauthorized, CallerNotAllowed, and SignInUnavailable when the token's key is unavailable.
        `resource_metadata` is an address that the challenge is to have (RFC 9728, section 5.1).
        """
        try:
            return self._caller(authorization)
        except Unauthorized as refusal:
            if resource_metadata is not None:
                refusal.headers["WWW-Authenticate"] += f', resource_metadata="{resource_metadata}"'
            raise

    def _caller(self, authorization: str | None) -> str:
        scheme, _, token = (authorization or "").strip().partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise Unauthorized(
                "The request has no token. Sign in with Entra ID, and send the access token in the header "
                "Authorization: Bearer.",
                headers={"WWW-Authenticate": self._challenge},
            )
        claims = self._claims(token.strip())
        if claims.get("tid") != self._tenant_id:
            raise self._refused("is from another tenant than the connector's. Sign in to that tenant.")
        object_id, client_id = claims.get("oid"), claims.get("azp") or claims.get("appid")
        if not isinstance(object_id, str) or not object_id:
            raise self._refused("has no claim oid, which identifies its owner. Request another one.")
        if not isinstance(client_id, str):
            # ID tokens have the same audience, but are meant for the application that requested them.
            raise self._refused("is not an access token: the claims azp and appid are missing. Send an access token.")
        caller = f"{self._tenant_id}/{object_id}"
        note_caller(caller)  # for the log, which also has callers who are refused
        if self._allowed.isdisjoint([object_id, client_id, *_texts(claims, "roles"), *_texts(claims, "groups")]):
            raise CallerNotAllowed(_not_allowed(object_id, client_id, claims))
        return caller

    def _claims(self, token: str) -> dict[str, Any]:
        """Of a valid token. Raises Unauthorized and SignInUnavailable."""
        try:
            key = self._keys.key(_key_id(token))
            if key is None:
                raise self._refused("was signed with a key that the tenant does not publish. Request a new one.")
            claims: dict[str, Any] = jwt.decode(
                token,
                key,
                algorithms=["RS256"],
                audience=self._audiences,
                issuer=self._issuers,
                leeway=_LEEWAY_SECONDS,
                options={"require": ["exp", "nbf"]},
            )
        except jwt.ExpiredSignatureError:
            raise self._refused("has expired. Request a new one.") from None
        except jwt.ImmatureSignatureError:
            raise self._refused("is not valid yet. Compare the clocks.") from None
        except jwt.InvalidAudienceError:
            raise self._refused(
                "is for another audience than those in ENTRA_AUDIENCES. Request one for this API."
            ) from None
        except jwt.InvalidIssuerError:
            raise self._refused("was issued by another tenant than the connector's. Sign in to that tenant.") from None
        except (jwt.PyJWTError, ValueError, RecursionError):  # nested JSON can exceed the recursion limit
            raise self._refused("is not from Entra ID, or was changed on the way. Request a new one.") from None
        return claims

    def _refused(self, problem: str) -> Unauthorized:
        challenge = f'{self._challenge}, error="invalid_token"'  # RFC 6750, section 3
        return Unauthorized(f"The token {problem}", headers={"WWW-Authenticate": challenge})


class PublishedKeys:
    """The keys that a tenant's tokens are signed with, as published at `address` in a JWK set (RFC 7517)."""

    def __init__(self, address: str, times: KeyTimes) -> None:
        self._address = address
        self._times = times
        self._keys: dict[str, jwt.PyJWK] = {}
        self._fetched_at = self._requested_at = float("-inf")
        self._failed = False
        self._requesting = threading.Lock()

    def key(self, key_id: str) -> jwt.PyJWK | None:
        """None if no such key is published. Raises SignInUnavailable when that is unknown."""
        key = self._known(key_id, self._times.fresh)
        if key is not None:
            return key
        # While the old key is usable, one thread fetches new ones and the others use the old one. After a failure the
        # others do not wait either: an issuer that does not respond would hold all threads.
        usable = self._known(key_id, self._times.usable)
        if not self._requesting.acquire(blocking=usable is None and not self._failed):
            if usable is None:
                raise self._unavailable()
            return usable
        try:
            pause = self._times.pause_after_failure if self._failed else self._times.pause
            if time.monotonic() - self._requested_at >= pause:
                self._fetch()
            key = self._known(key_id, self._times.usable)
            if key is None and self._failed:
                raise self._unavailable()
            return key
        finally:
            self._requesting.release()

    def _known(self, key_id: str, seconds: float) -> jwt.PyJWK | None:
        return self._keys.get(key_id) if time.monotonic() - self._fetched_at < seconds else None

    def _fetch(self) -> None:
        """A failure is remembered, so that waiting callers do not each repeat the request."""
        try:
            with urllib.request.urlopen(self._address, timeout=self._times.timeout) as response:
                published = json.loads(_read(response, time.monotonic() + self._times.timeout))["keys"]
            keys = {entry["kid"]: jwt.PyJWK(entry, "RS256") for entry in published if entry.get("kty") == "RSA"}
        except Exception as failure:  # of the connection, or of reading the response: in each case there are no keys
            if isinstance(failure, urllib.error.HTTPError):
                failure.close()  # it keeps its connection
            self._failed = True
            if not self._keys:
                raise self._unavailable() from failure
        else:
            self._failed = False
            self._keys, self._fetched_at = keys, time.monotonic()
        finally:
            self._requested_at = time.monotonic()

    def _unavailable(self) -> SignInUnavailable:
        return SignInUnavailable(
            "The keys of Entra ID, which tokens are checked with, cannot be fetched. Try again; if it fails again, "
            "check AZURE_AUTHORITY_HOST, ENTRA_TENANT_ID and the network of the function app.",
            retry_after_seconds=int(self._times.pause_after_failure),
        )


def _read(response: http.client.HTTPResponse, until: float) -> bytes:
    """At most _MOST_BYTES of the body. Raises TimeoutError at `until`: the timeout of a response is for each part."""
    body = b""
    while len(body) < _MOST_BYTES and (part := response.read1(_MOST_BYTES - len(body))):
        body += part
        if time.monotonic() > until:
            raise TimeoutError
    return body


def _key_id(token: str) -> str:
    """The id of the key that a token was signed with. Raises ValueError or PyJWTError if it is not from Entra ID."""
    if len(token) > _LONGEST_TOKEN:
        raise ValueError("too long")
    header = jwt.get_unverified_header(token)
    if header.get("alg") != "RS256" or not isinstance(header.get("kid"), str):
        raise ValueError("not signed as Entra ID signs")
    return str(header["kid"])


def _texts(claims: dict[str, Any], name: str) -> list[str]:
    value = claims.get(name)
    return [text for text in value if isinstance(text, str)] if isinstance(value, list) else []


def _not_allowed(object_id: str, client_id: str, claims: dict[str, Any]) -> str:
    # The token of a member of more than 200 groups has none of them ("Groups overage claim").
    if "groups" in claims.get("_claim_names", ()) or claims.get("hasgroups"):
        ways = (
            "or an app role of yours to ENTRA_ALLOWED_CALLERS; your groups do not fit into a token, unless it is "
            "restricted to groups that are assigned to the application"
        )
    else:
        ways = "or an app role or group of yours to ENTRA_ALLOWED_CALLERS"
    return (
        f"You are signed in, but may not call the connector. Its operator can add your object ID {object_id}, the "
        f"application {client_id}, {ways}."
    )
