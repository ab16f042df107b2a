"""Signed URLs: what is signed, and how long a delegation key is used."""

import base64
import hashlib
import hmac
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from urllib.parse import parse_qs

import pytest

from connector.outbound.deadlines import Deadlines
from connector.storage.addresses import ContainerAddress
from connector.storage.signed_urls import LONGEST_LIFETIME_SECONDS, signed_query
from connector.storage.wire import DelegationKey

KEY = DelegationKey(
    b"secret of the key",
    "00000000-0000-0000-0000-0000000000a1",
    "00000000-0000-0000-0000-0000000000d1",
    "2026-11-28T05:00:00Z",
    "2026-11-28T13:00:00Z",
    "b",
    "2024-11-04",
)
SIGNED = """\
r

2026-11-28T06:00:00Z
/blob/contoso/files/shared/ü +%#.csv
00000000-0000-0000-0000-0000000000a1
00000000-0000-0000-0000-0000000000d1
2026-11-28T05:00:00Z
2026-11-28T13:00:00Z
b
2024-11-04




https
2024-11-04
b


private, no-store
attachment; filename="_ _.csv"; filename*=UTF-8''%C3%BC%20%25.csv


text/csv"""
"""As "Create a user delegation SAS" has it for version 2020-12-06 and later."""


def query(url: str = "https://contoso.blob.core.windows.net/files") -> dict[str, str]:
    text = signed_query(
        KEY,
        ContainerAddress.of(url),
        "shared/ü +%#.csv",
        expires=datetime(2026, 11, 28, 6, tzinfo=UTC),
        file_name="ü %.csv",
        content_type="text/csv",
    )
    return {name: value for name, (value,) in parse_qs(text, strict_parsing=True).items()}


def test_every_field_is_signed():
    """In the lines of the version, with the name of the blob as it is."""
    fields = query()
    digest = hmac.new(KEY.value, SIGNED.encode(), hashlib.sha256).digest()
    assert fields.pop("sig") == base64.b64encode(digest).decode()
    assert fields == {
        "sp": "r",
        "se": "2026-11-28T06:00:00Z",
        "spr": "https",
        "sv": "2024-11-04",
        "sr": "b",
        "skoid": KEY.object_id,
        "sktid": KEY.tenant_id,
        "skt": KEY.start,
        "ske": KEY.expiry,
        "sks": "b",
        "skv": "2024-11-04",
        "rscc": "private, no-store",
        "rscd": "attachment; filename=\"_ _.csv\"; filename*=UTF-8''%C3%BC%20%25.csv",
        "rsct": "text/csv",
    }


def test_only_an_emulator_is_called_without_tls():
    """Its signatures do not state the protocol."""
    assert "spr" not in query("http://127.0.0.1:10000/devstoreaccount1/files")


@pytest.fixture
def requested(account):
    """Returns how many delegation keys were requested since the test began."""
    account.server.faults.clear()
    account.server.faults.add("delay", operation="GetUserDelegationKey", seconds=0.05, times=1000)
    yield lambda: 1000 - account.server.faults.waiting()[0].times
    account.server.faults.clear()


def sign(container, lifetime_seconds: float) -> str:
    return container.signed_url("a", lifetime_seconds=lifetime_seconds, file_name="a", content_type="a/b")


def test_many_urls_need_one_key(container, requested):
    """Also those that are signed at the same time."""
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda number: sign(container, 60 + number), range(24)))
    assert requested() == 1


def test_a_key_is_replaced_when_it_would_expire_before_a_url(open_container, requested):
    """A URL does not outlive its key."""
    now = datetime.now(UTC).timestamp()
    hours = 0.0
    container = open_container(clock=lambda: now + 3600 * hours, deadlines=Deadlines(operation_seconds=5))
    counts = []
    for hours, lifetime in ((0, 3600), (3.9, 4 * 3600), (4.1, 3600), (4.2, 4 * 3600), (6.9, 3600)):  # noqa: B007
        sign(container, lifetime)
        counts.append(requested())
    assert counts == [1, 1, 1, 2, 2]


@pytest.mark.parametrize("lifetime", [0, -1, LONGEST_LIFETIME_SECONDS + 1])
def test_a_lifetime_has_limits(container, lifetime):
    """Others are a bug of the connector."""
    with pytest.raises(ValueError, match="lifetime"):
        sign(container, lifetime)
