"""User delegation keys: given to identities, for at most seven days, to sign addresses with.

A key is computed from what it is for and a secret of this account, so none has to be kept. A restart ends all.
Source: "Get User Delegation Key" in the REST reference.
"""

import base64
import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from .clock import parsed
from .errors import StorageError, not_implemented
from .xml_bodies import document

LONGEST = timedelta(days=7)
SERVICE = "b"


@dataclass(frozen=True)
class DelegationKey:
    """What a key is for; the members are those of the answer, and of signatures made with it."""

    object_id: str
    tenant_id: str
    start: str
    expiry: str
    service: str
    version: str


class DelegationKeys:
    def __init__(self) -> None:
        self._secret = secrets.token_bytes(32)

    def value(self, key: DelegationKey) -> bytes:
        """With which signatures are made."""
        of = (key.object_id, key.tenant_id, key.start, key.expiry, key.service, key.version)
        return hmac.new(self._secret, "\n".join(of).encode(), hashlib.sha256).digest()

    def revoke(self) -> None:
        """All keys that were given, as `az storage account revoke-delegation-keys` does."""
        self._secret = secrets.token_bytes(32)


def requested_key(body: bytes, object_id: str, tenant_id: str, version: str, now: datetime) -> DelegationKey:
    """The key that a body asks for. Raises StorageError."""
    root = document(body, "KeyInfo")
    times = {}
    for element in root:
        if element.tag == "DelegatedUserTid":
            raise not_implemented("keys for a delegated user")
        if element.tag not in ("Start", "Expiry") or element.tag in times or len(element):
            raise StorageError("InvalidXmlDocument")
        times[element.tag] = (element.text or "").strip()
    if not times.get("Expiry"):
        raise StorageError("MissingRequiredXmlNode", XmlNodeName="Expiry")
    start = times.get("Start") or now.strftime("%Y-%m-%dT%H:%M:%SZ")
    first, last = _time("Start", start), _time("Expiry", times["Expiry"])
    if last <= now or last <= first or last > now + LONGEST or first > now + LONGEST:
        raise StorageError("InvalidXmlNodeValue", XmlNodeName="Expiry", XmlNodeValue=times["Expiry"])
    return DelegationKey(object_id, tenant_id, _whole(first), _whole(last), SERVICE, version)


def key_body(key: DelegationKey, value: bytes) -> bytes:
    members = {
        "SignedOid": key.object_id,
        "SignedTid": key.tenant_id,
        "SignedStart": key.start,
        "SignedExpiry": key.expiry,
        "SignedService": key.service,
        "SignedVersion": key.version,
        "Value": base64.b64encode(value).decode(),
    }
    inner = "".join(f"<{name}>{text}</{name}>" for name, text in members.items())
    return f'\ufeff<?xml version="1.0" encoding="utf-8"?><UserDelegationKey>{inner}</UserDelegationKey>'.encode()


def _time(node: str, text: str) -> datetime:
    try:
        return parsed(text)
    except ValueError:
        raise StorageError("InvalidXmlNodeValue", XmlNodeName=node, XmlNodeValue=text) from None


def _whole(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
