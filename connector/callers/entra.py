"""Sign-in with Entra ID: which caller a bearer token is of, and whether that caller may call. The only importer of jwt.

The connector looks at each token itself, so that nothing depends on what a platform in front of it does. What stands in
a token: "Access token claims reference" in the documentation of the Microsoft identity platform.
"""

import json
import threading
import time
import urllib.request
from typing import Any

import jwt

from ..errors import CallerNotAllowed, SignInUnavailable, Unauthorized

_LEEWAY_SECONDS = 60
"""That a clock may differ from Entra's."""

_LONGEST_TOKEN = 32_768
"""Characters. With its 200 groups at most, a token has fewer than half; whatever is longer is not worth a look."""

_TIMEOUT_SECONDS = 5.0
_MOST_BYTES = 1_000_000
_FRESH_SECONDS = 3600.0
"""Then keys are fetched again: one that was withdrawn is gone then."""

_USABLE_SECONDS = 24 * 3600.0
"""That keys serve when no new ones can be had."""

_PAUSE_SECONDS = 30.0
"""Between two fetches, whatever key ids tokens name: anybody can make those up."""

_PAUSE_AFTER_FAILURE_SECONDS = 5.0


class EntraSignIn:
    """Tells callers of one tenant from everybody else. Safe to use from many threads."""

    def __init__(
        self, authority: str, tenant_id: str, audiences: tuple[str, ...], allowed_callers: tuple[str, ...]
    ) -> None:
        """`authority` is the address of Entra ID's host; `allowed_callers` are values of the claims that name callers.

        Nothing is asked for before the first `caller()`.
        """
        self._tenant_id = tenant_id
        self._audiences = audiences
        self._allowed = frozenset(allowed_callers)
        # An app registration decides which of the two versions of tokens it gets, whatever endpoint callers use.
        # Version 1's issuer is that of the public cloud: in sovereign clouds, only version 2 tokens are known to fit.
        self._issuers = (f"https://sts.windows.net/{tenant_id}/", f"{authority}/{tenant_id}/v2.0")
        self._keys = PublishedKeys(f"{authority}/{tenant_id}/discovery/v2.0/keys")
        self._challenge = f'Bearer authorization_uri="{authority}/{tenant_id}/oauth2/v2.0/authorize"'

    def caller(self, authorization: str | None) -> str:
        """`TENANT-ID/OBJECT-ID` of whom the header Authorization is of.

        Raises Unauthorized, CallerNotAllowed, and SignInUnavailable when the token's key cannot be had.
        """
        scheme, _, token = (authorization or "").strip().partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise Unauthorized(
                "The request has no token. Sign in with Entra ID, and send the access token in the header "
                "Authorization, after the word Bearer.",
                headers={"WWW-Authenticate": self._challenge},
            )
        claims = self._claims(token.strip())
        if claims.get("tid") != self._tenant_id:
            raise self._refused("It is of another tenant than the connector's.")
        object_id, client_id = claims.get("oid"), claims.get("azp") or claims.get("appid")
        if not isinstance(object_id, str) or not object_id:
            raise self._refused("It does not say whom it is of: the claim oid is missing.")
        if not isinstance(client_id, str):
            # ID tokens have the same audience, and are meant for the application that asked for them.
            raise self._refused("It is no access token: the claims azp and appid are missing.")
        if self._allowed.isdisjoint([object_id, client_id, *_texts(claims, "roles"), *_texts(claims, "groups")]):
            raise CallerNotAllowed(_not_allowed(object_id, client_id, claims))
        return f"{self._tenant_id}/{object_id}"

    def _claims(self, token: str) -> dict[str, Any]:
        """What a token that is right says. Raises Unauthorized and SignInUnavailable."""
        try:
            key = self._keys.key(_key_id(token))
            if key is None:
                raise self._refused("It was signed with a key that the tenant does not publish.")
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
            raise self._refused("Its time is over. Get a new one.") from None
        except jwt.ImmatureSignatureError:
            raise self._refused("Its time has not begun. Compare the clocks.") from None
        except jwt.InvalidAudienceError:
            raise self._refused(
                "It is for another audience than ENTRA_AUDIENCES has: ask for one for this API."
            ) from None
        except jwt.InvalidIssuerError:
            raise self._refused("It was issued by another tenant than the connector's.") from None
        except (jwt.PyJWTError, ValueError, RecursionError):  # a reader of JSON recurses as deep as it is told to
            raise self._refused("It is no token of Entra ID, or it was changed on the way.") from None
        return claims

    def _refused(self, why: str) -> Unauthorized:
        challenge = f'{self._challenge}, error="invalid_token"'  # RFC 6750, section 3
        return Unauthorized(f"The token is refused. {why}", headers={"WWW-Authenticate": challenge})


class PublishedKeys:
    """The keys with which a tenant's tokens are signed, as they are published at `address`, a JWK set (RFC 7517)."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._keys: dict[str, jwt.PyJWK] = {}
        self._fetched_at = self._asked_at = float("-inf")
        self._failed = False
        self._asking = threading.Lock()

    def key(self, key_id: str) -> jwt.PyJWK | None:
        """None where no such key is published. Raises SignInUnavailable when that cannot be found out."""
        key = self._known(key_id, _FRESH_SECONDS)
        if key is not None:
            return key
        # While the old key is good, one thread asks for new ones and the others go on with it.
        usable = self._known(key_id, _USABLE_SECONDS)
        if not self._asking.acquire(blocking=usable is None):
            return usable
        try:
            pause = _PAUSE_AFTER_FAILURE_SECONDS if self._failed else _PAUSE_SECONDS
            if time.monotonic() - self._asked_at >= pause:
                self._ask()
            key = self._known(key_id, _USABLE_SECONDS)
            if key is None and self._failed:
                raise _unavailable()
            return key
        finally:
            self._asking.release()

    def _known(self, key_id: str, seconds: float) -> jwt.PyJWK | None:
        return self._keys.get(key_id) if time.monotonic() - self._fetched_at < seconds else None

    def _ask(self) -> None:
        """Fetches the keys. A failure is remembered, so that waiting callers do not each ask in vain."""
        try:
            with urllib.request.urlopen(self._address, timeout=_TIMEOUT_SECONDS) as response:
                published = json.loads(response.read(_MOST_BYTES))["keys"]
            keys = {entry["kid"]: jwt.PyJWK(entry, "RS256") for entry in published if entry.get("kty") == "RSA"}
        except Exception as failure:  # no way there, or an answer that makes no sense: in each case there are no keys
            self._failed = True
            if not self._keys:
                raise _unavailable() from failure
        else:
            self._failed = False
            self._keys, self._fetched_at = keys, time.monotonic()
        finally:
            self._asked_at = time.monotonic()


def _unavailable() -> SignInUnavailable:
    return SignInUnavailable(
        "The keys of Entra ID, with which tokens are checked, cannot be fetched. Try again. If it stays so, check "
        "AZURE_AUTHORITY_HOST, ENTRA_TENANT_ID and the network of the function app.",
        retry_after_seconds=int(_PAUSE_AFTER_FAILURE_SECONDS),
    )


def _key_id(token: str) -> str:
    """Of the key that a token of Entra names. Raises ValueError or PyJWTError for what is none."""
    if len(token) > _LONGEST_TOKEN:
        raise ValueError("too long")
    header = jwt.get_unverified_header(token)
    if header.get("alg") != "RS256" or not isinstance(header.get("kid"), str):
        raise ValueError("not signed as Entra signs")
    return str(header["kid"])


def _texts(claims: dict[str, Any], name: str) -> list[str]:
    value = claims.get(name)
    return [text for text in value if isinstance(text, str)] if isinstance(value, list) else []


def _not_allowed(object_id: str, client_id: str, claims: dict[str, Any]) -> str:
    message = (
        f"You are signed in, but may not call the connector. Whoever runs it can add to ENTRA_ALLOWED_CALLERS your "
        f"object ID {object_id}, the application {client_id}, or an app role or a group that you have."
    )
    # Of somebody in more than 200 groups a token names none ("Groups overage claim").
    if "groups" in claims.get("_claim_names", ()) or claims.get("hasgroups"):
        message += " Your groups do not fit into a token: use an app role, or groups assigned to the application alone."
    return message
