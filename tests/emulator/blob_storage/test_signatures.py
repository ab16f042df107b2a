"""Addresses with a signature (SAS): what they open, until when, and what breaks them."""

import uuid
import xml.etree.ElementTree as ElementTree
from datetime import timedelta

import pytest

from emulator.blob_storage.roles import DELEGATOR, READER, Assignment
from emulator.blob_storage.versions import VERSIONS
from emulator.session_pool.wire.tokens import OBJECT_ID
from tests.conftest import OWNER
from tests.emulator.blob_storage.conftest import Wire, code_of, times

FAILED = (403, "AuthenticationFailed")


@pytest.fixture
def path(wire) -> str:
    """A blob that no other test uses."""
    path = f"files/test-{uuid.uuid4()}"
    wire.put(path, b"0123456789", **{"x-ms-blob-content-type": "text/html"})
    return path


@pytest.fixture
def key(wire):
    return wire.key()


@pytest.mark.parametrize("version", VERSIONS)
def test_a_signed_address_opens_one_blob(wire, key, path, version):
    """Without a token, in each version; HEAD and ranges work too."""
    query = key.signed(path, now=wire.server.clock.now(), version=version)
    got = wire.open(path, query)
    assert (got.status_code, got.content) == (200, b"0123456789")
    assert got.headers["x-ms-version"] == version
    assert wire.open(path, query, "HEAD").headers["Content-Length"] == "10"
    part = wire.open(path, query, Range="bytes=2-3")
    assert (part.status_code, part.content) == (206, b"23")


def test_a_signature_sets_headers(wire, key, path):
    """Those of the answer, in place of the blob's: so an HTML file is a download."""
    asked = {
        "rscc": "no-store",
        "rscd": "attachment; filename=\"a b.txt\"; filename*=UTF-8''%C3%A4.txt",
        "rsce": "identity",
        "rscl": "de",
        "rsct": "application/octet-stream",
    }
    got = wire.open(path, key.signed(path, now=wire.server.clock.now(), **asked))
    assert got.headers["Cache-Control"] == "no-store"
    assert got.headers["Content-Disposition"] == asked["rscd"]
    assert got.headers["Content-Encoding"] == "identity"
    assert got.headers["Content-Language"] == "de"
    assert got.headers["Content-Type"] == "application/octet-stream"
    for name, value in asked.items():
        altered = key.signed(path, now=wire.server.clock.now(), **asked) | {name: f"{value}x"}
        assert code_of(wire.open(path, altered)) == FAILED
    unsigned = wire.call("GET", path, params={"rscd": "inline"})
    assert code_of(unsigned) == (400, "UnsupportedQueryParameter")


@pytest.mark.parametrize(
    "name", ["sp", "st", "se", "spr", "sv", "sr", "skoid", "sktid", "skt", "ske", "sks", "skv", "sig", "sip", "scid"]
)
def test_every_part_is_signed(wire, key, path, name):
    """One that is changed, left out or added breaks the signature."""
    query = key.signed(path, now=wire.server.clock.now(), scid=str(uuid.UUID(int=1)), sip="127.0.0.0-127.0.0.9")
    assert wire.open(path, query).status_code == 200
    now = wire.server.clock.now()
    others = {
        "sp": "rw",
        "st": times(now - timedelta(minutes=6)),
        "se": times(now + timedelta(minutes=61)),
        "spr": "http",
        "sv": "2024-08-04",
        "sr": "c",
        "skt": times(now - timedelta(minutes=14)),
        "ske": times(now + timedelta(days=1)),
        "sks": "f",
        "skv": "2024-08-04",
        "sig": "A" + query["sig"][1:] if query["sig"][0] != "A" else "B" + query["sig"][1:],
        "sip": "127.0.0.1",
    }
    assert code_of(wire.open(path, query | {name: others.get(name, str(uuid.UUID(int=2)))})) == FAILED
    without = {kept: value for kept, value in query.items() if kept != name}
    refused = wire.open(path, without)
    assert refused.status_code == (409 if name == "sig" else 403)


def test_a_signature_opens_no_other_blob(wire, key, path):
    """Not one whose name differs in case, slashes or encoding, nor one in another container."""
    query = key.signed(path, now=wire.server.clock.now())
    for other in (f"{path}x", path.upper().replace("FILES", "files"), path.replace("files", "imports"), f"{path}/"):
        assert code_of(wire.open(other, query)) == FAILED


def test_names_are_signed_as_they_are(wire, key):
    """And not as they are encoded in the address."""
    name = f"ä b+c%20#?&=/{uuid.uuid4()}"
    encoded = "files/%C3%A4%20b%2Bc%2520%23%3F%26%3D/" + name.rpartition("/")[2]
    wire.put(encoded, b"named")
    query = key.signed(f"files/{name}", now=wire.server.clock.now())
    assert wire.open(encoded, query).content == b"named"


def test_a_signature_reads_and_does_nothing_else(wire, key, path):
    """Whatever rights it names: the emulator's are for reading blobs."""
    now = wire.server.clock.now()
    for rights in ("r", "racwd"):
        query = key.signed(path, now=now, sp=rights)
        assert wire.open(path, query).status_code == 200
        for method, more in (
            ("PUT", {}),
            ("DELETE", {}),
            ("PUT", {"comp": "block", "blockid": "AAAA"}),
            ("PUT", {"comp": "blocklist"}),
            ("GET", {"comp": "blocklist"}),
        ):
            assert code_of(wire.open(path, query | more, method)) == (403, "AuthorizationPermissionMismatch")
    for rights, expected in (
        ("w", (403, "AuthorizationPermissionMismatch")),
        ("wr", FAILED),
        ("q", FAILED),
        ("rr", FAILED),
        ("", FAILED),
    ):
        assert code_of(wire.open(path, key.signed(path, now=now, sp=rights))) == expected


def test_a_signature_for_a_container_reads_its_blobs(wire, key, path):
    """And does not list them."""
    query = key.signed("files", now=wire.server.clock.now(), sr="c", sp="rl")
    assert wire.open(path, query).status_code == 200
    assert code_of(wire.open(path.replace("files", "imports"), query)) == FAILED
    listed = wire.open("files", query | {"restype": "container", "comp": "list"})
    assert code_of(listed) == (403, "AuthorizationPermissionMismatch")
    assert code_of(wire.open(path, key.signed("files", now=wire.server.clock.now()))) == FAILED


def test_signatures_end(start_wire):
    """At their expiry, which the clock can be moved to; before their start they do not work either."""
    wire = start_wire()
    wire.put("files/a", b"1")
    now = wire.server.clock.now()
    query = wire.key().signed("files/a", now=now, lifetime=timedelta(minutes=10))
    assert wire.open("files/a", query).status_code == 200
    wire.server.clock.move(timedelta(minutes=9, seconds=30))
    assert wire.open("files/a", query).status_code == 200
    wire.server.clock.move(timedelta(minutes=1))
    expired = wire.open("files/a", query)
    assert code_of(expired) == FAILED
    detail = ElementTree.fromstring(expired.content).findtext("AuthenticationErrorDetail", "")
    assert detail.startswith("Signature not valid in the specified time frame")
    wire.server.clock.move(timedelta(minutes=-30))
    assert code_of(wire.open("files/a", query)) == FAILED


def test_a_signature_does_not_outlive_its_key(start_wire):
    """Not even if it says so; without a start it works from the key's on."""
    wire = start_wire()
    wire.put("files/a", b"1")
    now = wire.server.clock.now()
    key = wire.key(lifetime=timedelta(minutes=10))
    too_long = key.signed("files/a", now=now, lifetime=timedelta(minutes=11))
    assert code_of(wire.open("files/a", too_long)) == FAILED
    early = key.signed("files/a", now=now, lifetime=timedelta(minutes=9), st=times(now - timedelta(minutes=20)))
    assert code_of(wire.open("files/a", early)) == FAILED
    without_start = key.signed("files/a", now=now, lifetime=timedelta(minutes=9), st="")
    assert wire.open("files/a", without_start).status_code == 200
    wire.server.keys.revoke()
    assert code_of(wire.open("files/a", without_start)) == FAILED


def test_a_signature_needs_the_roles_of_its_identity(start_wire):
    """When it is used: with the role, the addresses lose what it gave."""
    wire = start_wire(OBJECT_ID, roles=[Assignment(READER, "files"), Assignment(DELEGATOR)])
    for container in ("files", "imports"):
        Wire(wire.server, OWNER).put(f"{container}/a", b"1")
    key, now = wire.key(), wire.server.clock.now()
    assert wire.open("files/a", key.signed("files/a", now=now)).status_code == 200
    beyond = wire.open("imports/a", key.signed("imports/a", now=now))
    assert code_of(beyond) == (403, "AuthorizationPermissionMismatch")
    wire.server.roles[:] = [Assignment(DELEGATOR)]
    lost = wire.open("files/a", key.signed("files/a", now=now))
    assert code_of(lost) == (403, "AuthorizationPermissionMismatch")


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"spr": "https"}, (403, "AuthorizationProtocolMismatch")),
        ({"spr": "http"}, FAILED),
        ({"sip": "127.0.0.1"}, (200, "")),
        ({"sip": "127.0.0.2"}, (403, "AuthorizationSourceIPMismatch")),
        ({"sip": "10.0.0.1-10.0.0.9"}, (403, "AuthorizationSourceIPMismatch")),
        ({"sip": "localhost"}, FAILED),
        ({"sv": "2019-12-12"}, (400, "InvalidQueryParameterValue")),
        ({"sr": "bs"}, (501, "NotImplemented")),
        ({"si": "policy"}, (501, "NotImplemented")),
        ({"ses": "scope"}, (501, "NotImplemented")),
        ({"sduoid": "user"}, (501, "NotImplemented")),
        ({"se": "tomorrow"}, FAILED),
        ({"se": ""}, FAILED),
    ],
)
def test_what_a_signature_asks_for_is_heeded_or_refused(wire, key, path, changes, expected):
    """Protocol and address are checked; what the emulator lacks is an error."""
    response = wire.open(path, key.signed(path, now=wire.server.clock.now(), **changes))
    assert (response.status_code, response.headers.get("x-ms-error-code", "")) == expected


def test_a_parameter_may_occur_once(wire, key, path):
    """Of two, neither counts."""
    query = key.signed(path, now=wire.server.clock.now())
    twice = wire.raw("GET", f"/devstoreaccount1/{path}?sv={query['sv']}&sv={query['sv']}&sig=AAAA")
    assert twice == (400, "InvalidQueryParameterValue")


def test_a_token_and_a_signature_exclude_each_other(wire, key, path):
    """400: it is not clear who asks."""
    query = key.signed(path, now=wire.server.clock.now())
    assert code_of(wire.open(path, query, Authorization=f"Bearer {wire.token}")) == (400, "InvalidAuthenticationInfo")


def ask_for_key(wire: Wire, body: str) -> tuple[int, str]:
    return code_of(wire.call("POST", "", params={"restype": "service", "comp": "userdelegationkey"}, data=body))


def test_keys_last_seven_days_at_most(wire):
    """From now on, and not from their start; they cannot end in the past."""
    now = wire.server.clock.now()
    assert wire.key(lifetime=timedelta(days=7)).members["SignedExpiry"] == times(now + timedelta(days=7))
    for start, expiry in (
        (now, now + timedelta(days=7, minutes=1)),
        (now + timedelta(days=6), now + timedelta(days=8)),
        (now - timedelta(hours=2), now - timedelta(hours=1)),
        (now + timedelta(hours=2), now + timedelta(hours=1)),
    ):
        body = f"<KeyInfo><Start>{times(start)}</Start><Expiry>{times(expiry)}</Expiry></KeyInfo>"
        assert ask_for_key(wire, body) == (400, "InvalidXmlNodeValue")


def test_a_key_is_its_identitys(connector_wire):
    """It names the identity, its tenant, the service and the version."""
    members = connector_wire.key().members
    assert members["SignedOid"] == OBJECT_ID
    assert (members["SignedService"], members["SignedVersion"]) == ("b", "2024-11-04")
    assert uuid.UUID(members["SignedTid"])


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("", "InvalidXmlDocument"),
        ("<KeyInfo>", "InvalidXmlDocument"),
        ("<Other />", "InvalidXmlDocument"),
        ("<KeyInfo />", "MissingRequiredXmlNode"),
        ("<KeyInfo><Expiry>soon</Expiry></KeyInfo>", "InvalidXmlNodeValue"),
        ("<KeyInfo><Expiry>2099-01-01</Expiry><Expiry>2099-01-01</Expiry></KeyInfo>", "InvalidXmlDocument"),
        ("<KeyInfo><Else /></KeyInfo>", "InvalidXmlDocument"),
        ("<!DOCTYPE k [<!ENTITY a 'b'>]><KeyInfo><Expiry>&a;</Expiry></KeyInfo>", "InvalidXmlDocument"),
    ],
)
def test_invalid_requests_for_keys(wire, body, code):
    """400, with the code that says what is wrong."""
    assert ask_for_key(wire, body) == (400, code)


def test_keys_for_other_users_are_not_implemented(wire):
    """501: signatures that only one user may use are not supported."""
    body = "<KeyInfo><Expiry>2099-01-01</Expiry><DelegatedUserTid>t</DelegatedUserTid></KeyInfo>"
    assert ask_for_key(wire, body) == (501, "NotImplemented")
