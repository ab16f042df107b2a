"""Tokens and roles: who may do what, and how the others are refused."""

import dataclasses
from datetime import timedelta

import jwt
import pytest
import requests

from emulator.blob_storage.roles import CONTRIBUTOR, DELEGATOR, READER, Assignment
from emulator.blob_storage.server import AUDIENCE
from emulator.session_pool.wire.tokens import OBJECT_ID
from tests.conftest import OWNER, STORAGE_VERSION
from tests.emulator.blob_storage.conftest import Wire, code_of

KEY_INFO = "<KeyInfo><Expiry>{}</Expiry></KeyInfo>"

CALLS = {
    "read": [
        ("GET", "{}/a", {}),
        ("HEAD", "{}/a", {}),
        ("GET", "{}/a", {"comp": "blocklist"}),
        ("GET", "{}", {"restype": "container", "comp": "list"}),
        ("HEAD", "{}", {"restype": "container"}),
    ],
    "write": [
        ("PUT", "{}/b", {}),
        ("PUT", "{}/b", {"comp": "block", "blockid": "AAAA"}),
        ("PUT", "{}/c", {"comp": "blocklist"}),
        ("DELETE", "{}/b", {}),
    ],
}


def allowed(wire: Wire, calls: str, container: str) -> bool:
    """Whether all of the calls are allowed, or else none of them."""
    statuses = []
    for method, path, query in CALLS[calls]:
        body = b"<BlockList />" if query.get("comp") == "blocklist" else b"1"
        headers = {"x-ms-blob-type": "BlockBlob"} if (method, query) == ("PUT", {}) else {}
        response = wire.call(method, path.format(container), params=query, data=body, headers=headers)
        if response.status_code == 403:
            assert response.headers["x-ms-error-code"] == "AuthorizationPermissionMismatch"
        else:
            assert response.ok, response.text
        statuses.append(response.status_code != 403)
    assert len(set(statuses)) == 1, statuses
    return statuses[0]


def gives_key(wire: Wire) -> bool:
    body = KEY_INFO.format(f"{wire.server.clock.now() + timedelta(hours=1):%Y-%m-%dT%H:%M:%SZ}")
    response = wire.call("POST", "", params={"restype": "service", "comp": "userdelegationkey"}, data=body)
    assert response.status_code in (200, 403), response.text
    return response.status_code == 200


def start(start_wire, *roles: Assignment) -> Wire:
    """An identity with these roles, and a blob in each container."""
    wire = start_wire(OBJECT_ID, roles=roles)
    for container in ("files", "imports"):
        Wire(wire.server, OWNER).put(f"{container}/a", b"1")
    return wire


def test_the_roles_of_a_deployed_connector(start_wire):
    """It writes to `files`, reads `imports` and signs addresses, and nothing else."""
    wire = start_wire(OBJECT_ID)
    for container in ("files", "imports"):
        Wire(wire.server, OWNER).put(f"{container}/a", b"1")
    assert allowed(wire, "read", "files")
    assert allowed(wire, "write", "files")
    assert allowed(wire, "read", "imports")
    assert not allowed(wire, "write", "imports")
    assert gives_key(wire)
    for method in ("PUT", "DELETE"):
        refused = wire.call(method, "other", params={"restype": "container"})
        assert code_of(refused) == (403, "AuthorizationPermissionMismatch")


@pytest.mark.parametrize("role", [CONTRIBUTOR, READER])
def test_a_delegation_key_needs_a_role_on_the_account(start_wire, role):
    """A role on a container gives none, with the Delegator's on the account it does; so does a role on the account."""
    wire = start(start_wire, Assignment(role, "files"))
    assert not gives_key(wire)
    wire.server.roles.append(Assignment(DELEGATOR, "files"))
    assert not gives_key(wire)
    wire.server.roles.append(Assignment(DELEGATOR))
    assert gives_key(wire)
    wire.server.roles[:] = [Assignment(role)]
    assert gives_key(wire)


def test_a_reader_writes_nothing(start_wire):
    """On a container or on the account, which covers all containers."""
    wire = start(start_wire, Assignment(READER, "files"))
    assert allowed(wire, "read", "files")
    assert not allowed(wire, "write", "files")
    assert not allowed(wire, "read", "imports")
    wire.server.roles[:] = [Assignment(READER)]
    assert allowed(wire, "read", "imports")
    assert not allowed(wire, "write", "imports")


def test_a_delegator_reads_nothing(start_wire):
    """The role is for keys alone."""
    wire = start(start_wire, Assignment(DELEGATOR))
    assert gives_key(wire)
    assert not allowed(wire, "read", "files")
    assert not allowed(wire, "write", "files")


def test_roles_are_those_of_one_identity(start_wire):
    """Another identity's roles do not help, and what is there is not told: 403 for what is missing too."""
    wire = start(start_wire, Assignment(CONTRIBUTOR, principal="somebody-else"))
    assert not allowed(wire, "read", "files")
    for path in ("files/missing", "missing/a"):
        assert code_of(wire.call("GET", path)) == (403, "AuthorizationPermissionMismatch")


def test_a_role_that_is_not_known():
    """A misspelled role is an error, and not a role that allows nothing."""
    with pytest.raises(ValueError, match="Storage Blob Data Reader"):
        Assignment("Storage Blob Reader")


@pytest.mark.parametrize("audience", [AUDIENCE, f"{AUDIENCE}/"])
def test_a_token_for_storage_is_accepted(wire, audience):
    """With and without the slash that some clients ask for."""
    token = wire.server.authority.issue(audience, object_id=OWNER)[0]
    query = {"restype": "container"}
    response = wire.call("GET", "files", params=query, headers={"Authorization": f"bearer {token}"})
    assert response.status_code == 200


def test_tokens_for_others_are_unauthorized(wire, storage):
    """For another audience, of another authority, expired or unsigned: a 401 that says where to get one."""
    authority = storage.server.authority
    claims = {"aud": AUDIENCE, "oid": OWNER, "tid": "t"}
    tokens = [
        authority.issue(object_id=OWNER)[0],
        authority.issue("https://management.azure.com", object_id=OWNER)[0],
        authority.issue(f"{AUDIENCE}/x", object_id=OWNER)[0],
        dataclasses.replace(authority, key=b"k" * 32).issue(AUDIENCE, object_id=OWNER)[0],
        dataclasses.replace(authority, lifetime_seconds=-1).issue(AUDIENCE, object_id=OWNER)[0],
        jwt.encode(claims, None, algorithm="none"),
        "nonsense",
    ]
    for token in tokens:
        response = wire.call("GET", "files/a", headers={"Authorization": f"Bearer {token}"})
        assert code_of(response) == (401, "InvalidAuthenticationInfo")
        assert "resource_id=https://storage.azure.com" in response.headers["WWW-Authenticate"]


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (None, (401, "NoAuthenticationInformation")),
        ("SharedKey devstoreaccount1:AAAA", (403, "KeyBasedAuthenticationNotPermitted")),
        ("Basic eDp5", (400, "InvalidAuthenticationInfo")),
    ],
)
def test_other_ways_in_are_closed(wire, header, expected):
    """No anonymous access and no account keys, as the connector's account is deployed."""
    assert code_of(wire.call("GET", "files/a", headers={"Authorization": header})) == expected


def test_an_address_without_a_signature_is_not_public(wire):
    """A browser, which sends no version, gets a 409."""
    wire.put("files/not-public", b"1")
    response = requests.get(f"{wire.server.url}/files/not-public", timeout=30)
    assert code_of(response) == (409, "PublicAccessNotPermitted")


def test_a_page_cannot_read_storage_by_script(wire):
    """Without CORS rules, a preflight is a 403, and no answer has a header that lets another origin's page see it."""
    wire.put("files/cors", b"1")
    asked = {"Origin": "https://page.example", "Access-Control-Request-Method": "GET"}
    preflight = requests.options(f"{wire.server.url}/files/cors", headers=asked, timeout=30)
    assert code_of(preflight) == (403, "CorsPreflightFailure")
    simple = wire.call("GET", "files/cors", headers={"Origin": "https://page.example"})
    assert simple.status_code == 200
    for response in (preflight, simple):
        assert not any(name.lower().startswith("access-control-") for name in response.headers)


def test_a_foreign_host_is_refused(wire):
    """A page that rebinds its own name to 127.0.0.1 keeps its name in Host."""
    response = wire.call("GET", "files/a", headers={"Host": "evil.example"})
    assert response.status_code == 403
    assert STORAGE_VERSION not in response.headers.values()
