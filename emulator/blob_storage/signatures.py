"""User delegation signatures (SAS): addresses that read one blob, or the blobs of one container, without a token.

The emulator accepts those alone, and for reading alone. Source: "Create a user delegation SAS" in the REST reference.
"""

import base64
import binascii
import hashlib
import hmac
import ipaddress
from collections.abc import Mapping
from datetime import datetime

from .clock import parsed
from .delegation_keys import SERVICE, DelegationKey, DelegationKeys
from .errors import StorageError, not_implemented
from .names import Place
from .versions import VERSIONS

OVERRIDES = {
    "rscc": "Cache-Control",
    "rscd": "Content-Disposition",
    "rsce": "Content-Encoding",
    "rscl": "Content-Language",
    "rsct": "Content-Type",
}
"""Headers of the answer that a signature may set, by their parameters."""

_KEY = ("skoid", "sktid", "skt", "ske", "sks", "skv")
_REQUIRED = ("sv", "sr", "sp", "se", *_KEY)
PARAMETERS = {*_REQUIRED, "sig", "st", "sip", "spr", "scid", *OVERRIDES}
_UNSUPPORTED = ("si", "saoid", "suoid", "skdutid", "sduoid", "ses", "sdd", "ss", "srt", "srh", "srq", "tn", "snapshot")
_RIGHTS = "racwdxyltmeopi"
_DELEGATED_USERS_FROM = "2025-07-05"
"""From this version on, a signature has two more lines: for a user that alone may use it, who is not supported here."""


def check_signature(
    query: Mapping[str, str], place: Place, keys: DelegationKeys, *, now: datetime, scheme: str, client: str
) -> str:
    """Returns the object ID of the identity that signed, whose roles limit what the signature allows.

    Raises StorageError. `query` has `sig`; `scheme` is that of the request, `client` its address.
    """
    for name in _UNSUPPORTED:
        if name in query:
            raise not_implemented(f"signatures with the parameter '{name}'")
    for name in _REQUIRED:
        if not query.get(name):
            raise _failed(f"{name} is mandatory. Cannot be empty")
    if query["sv"] not in VERSIONS:
        raise StorageError("InvalidQueryParameterValue", QueryParameterName="sv", QueryParameterValue=query["sv"])
    if query["sr"] not in ("b", "c"):
        raise not_implemented(f"signatures with sr={query['sr']}")
    rights = query["sp"]
    if rights != "".join(right for right in _RIGHTS if right in rights):
        raise _failed("sp has rights in another order, twice, or unknown ones")
    key = DelegationKey(*(query[name] for name in _KEY))
    resource = place if query["sr"] == "b" else Place(place.container)
    expected = hmac.new(keys.value(key), string_to_sign(query, resource).encode(), hashlib.sha256).digest()
    if not hmac.compare_digest(expected, _signature(query["sig"])):
        raise _failed("Signature did not match.")
    _check_times(query, now)
    if key.service != SERVICE:
        raise _failed("The key is for another service")
    _check_use(query, scheme, client)
    if "r" not in rights:
        raise StorageError("AuthorizationPermissionMismatch")
    return key.object_id


def string_to_sign(query: Mapping[str, str], resource: Place) -> str:
    """For version 2020-12-06 and later. Values are as they were before they were encoded for the address."""
    lines = [query["sp"], query.get("st", ""), query["se"], resource.resource, *(query[name] for name in _KEY)]
    lines += ["", "", query.get("scid", "")]  # saoid and suoid are for hierarchical namespaces
    if query["sv"] >= _DELEGATED_USERS_FROM:
        lines += ["", ""]
    lines += [query.get("sip", ""), query.get("spr", ""), query["sv"], query["sr"]]
    lines += ["", ""]  # a snapshot's time, and an encryption scope
    lines += [query.get(name, "") for name in OVERRIDES]
    return "\n".join(lines)


def _signature(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise _failed("Signature did not match.") from None


def _check_times(query: Mapping[str, str], now: datetime) -> None:
    try:
        start = parsed(query["st"]) if query.get("st") else None
        expiry, key_start, key_expiry = (parsed(query[name]) for name in ("se", "skt", "ske"))
    except ValueError:
        raise _failed("A time is not in one of the supported forms") from None
    if not (start or now) <= now < expiry:
        raise _failed(
            f"Signature not valid in the specified time frame: Start [{query.get('st', '')}] - "
            f"Expiry [{query['se']}] - Current [{now:%Y-%m-%dT%H:%M:%SZ}]"
        )
    if not key_start <= now < key_expiry:
        raise _failed("Signature not valid in the specified key time frame")
    if expiry > key_expiry or (start or key_start) < key_start:
        raise _failed("The signature is not within the time of its key")


def _check_use(query: Mapping[str, str], scheme: str, client: str) -> None:
    protocols = query.get("spr") or "https,http"
    if protocols not in ("https", "https,http"):
        raise _failed("spr is 'https' or 'https,http'")
    if scheme not in protocols.split(","):
        raise StorageError("AuthorizationProtocolMismatch")
    if not query.get("sip"):
        return
    first, _, last = query["sip"].partition("-")
    try:
        allowed = ipaddress.IPv4Address(first), ipaddress.IPv4Address(last or first)
    except ValueError:
        raise _failed("sip is neither an address nor a range of addresses") from None
    if not allowed[0] <= ipaddress.IPv4Address(client) <= allowed[1]:
        raise StorageError("AuthorizationSourceIPMismatch")


def _failed(detail: str) -> StorageError:
    return StorageError("AuthenticationFailed", AuthenticationErrorDetail=detail)
