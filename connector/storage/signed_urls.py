"""URLs that open one blob for whoever has them, until they expire: a user delegation SAS.

Source: "Create a user delegation SAS" in the REST reference of Azure Storage; the lines of what is signed are those of
the versions from 2020-12-06 on. Such a URL allows what it states and what the connector's identity may still do. Keys
last for hours only, because it outlives neither its key nor the revocation of all keys of the account.
"""

import base64
import hashlib
import hmac
import re
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from urllib.parse import quote

from ..outbound.deadlines import Deadline
from .addresses import ContainerAddress
from .calls import VERSION, Request, StorageCalls
from .errors import timeout
from .wire import DelegationKey, key_info, read_delegation_key

LONGEST_LIFETIME_SECONDS = 4 * 3600
_KEY_SECONDS = 8 * 3600
_START_SECONDS = 15 * 60
"""How long before now a key begins: the service's clock may be behind."""

CACHE_CONTROL = "private, no-store"

Clock = Callable[[], float]


class DelegationKeys:
    """The key of one account, kept while it lasts long enough. Safe to use from many threads."""

    def __init__(self, calls: StorageCalls, clock: Clock = time.time) -> None:
        """`clock` is the time in seconds since 1970."""
        self._calls = calls
        self._clock = clock
        self._key: DelegationKey | None = None
        self._lock = threading.Lock()

    def lasting(self, until: datetime, deadline: Deadline) -> DelegationKey:
        """A key that has not expired at this moment. Raises ConnectorError."""
        key = self._key
        if key is not None and key.expires >= until:
            return key
        if not self._lock.acquire(timeout=deadline.left):
            raise timeout()
        try:
            if self._key is None or self._key.expires < until:
                self._key = self._request(deadline)
            return self._key
        finally:
            self._lock.release()

    def _request(self, deadline: Deadline) -> DelegationKey:
        now = self._clock()
        response = self._calls.call(
            Request(
                "GetUserDelegationKey",
                "POST",
                "",
                {"restype": "service", "comp": "userdelegationkey"},
                {"Content-Type": "application/xml"},
                key_info(_time(now - _START_SECONDS), _time(now + _KEY_SECONDS)),
                needs_delegator=True,
            ),
            deadline,
        )
        return read_delegation_key(response.content)


def signed_query(
    key: DelegationKey, address: ContainerAddress, blob: str, *, expires: datetime, file_name: str, content_type: str
) -> str:
    """The query of a URL that allows only to read this blob, as a file to save that nothing else keeps.

    There is no start, which would be a moment of a clock that may be ahead.
    """
    fields = {
        "sp": "r",
        "se": _time(expires.timestamp()),
        **({"spr": "https"} if address.service.startswith("https:") else {}),
        "sv": VERSION,
        "sr": "b",
        "skoid": key.object_id,
        "sktid": key.tenant_id,
        "skt": key.start,
        "ske": key.expiry,
        "sks": key.service,
        "skv": key.version,
        "rscc": CACHE_CONTROL,
        "rscd": _attachment(file_name),
        "rsct": content_type,
    }
    signature = hmac.new(key.value, _string_to_sign(fields, address, blob).encode(), hashlib.sha256).digest()
    fields["sig"] = base64.b64encode(signature).decode()
    return "&".join(f"{name}={quote(value, safe='')}" for name, value in fields.items())


def _string_to_sign(fields: dict[str, str], address: ContainerAddress, blob: str) -> str:
    """A line for each field, empty without it, and one for the blob, whose name is not encoded.

    The fields that are never there: `st` start, `saoid`, `suoid` and `scid` (other users of a hierarchical namespace),
    `sip` addresses of clients, `snapshot`, `ses` encryption scope, `rsce` encoding, `rscl` language.
    """
    names = ("sp", "st", "se", "", "skoid", "sktid", "skt", "ske", "sks", "skv", "saoid", "suoid", "scid", "sip",
             "spr", "sv", "sr", "snapshot", "ses", "rscc", "rscd", "rsce", "rscl", "rsct")  # fmt: skip
    resource = f"/blob/{address.account}/{address.container}/{blob}"
    return "\n".join(fields.get(name, "") if name else resource for name in names)


def _attachment(name: str) -> str:
    """RFC 6266: with an ASCII name for old clients, without what they read in different ways: percent signs, quotes,
    backslashes.
    """
    plain = re.sub(r'[^ -~]|[%"\\]', "_", name)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
