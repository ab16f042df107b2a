"""Who may call the pool, and which variants of its URL it accepts."""

import dataclasses
import json
import time

import jwt
import pytest
import requests

from emulator.session_pool.engines.interface import EngineError
from emulator.session_pool.wire.errors import error_response
from emulator.session_pool.wire.tokens import ROLE, TokenAuthority

QUERY = "identifier=abcd&api-version=2025-10-02-preview"


@pytest.mark.parametrize("authorization", [None, "", "Bearer", "Bearer x", "Basic eDp5", "Bearer a.b.c"])
def test_a_token_is_required(emulator, authorization):
    """401 without a body."""
    headers = {"Authorization": authorization} if authorization is not None else {}
    response = requests.get(f"{emulator.pool.endpoint}/metadata?{QUERY}", headers=headers, timeout=10)
    assert (response.status_code, response.content) == (401, b"")


def test_tokens_for_others_expired_ones_and_forged_ones_are_refused(emulator):
    """Audience, expiry and signature are checked."""
    foreign = TokenAuthority().issue()[0]
    forged = jwt.encode({"aud": "https://dynamicsessions.io", "roles": [ROLE]}, None, algorithm="none")
    wrong = emulator.authority.issue("https://management.azure.com")[0]
    expired = dataclasses.replace(emulator.authority, lifetime_seconds=-1).issue()[0]
    for token in (foreign, forged, wrong, expired):
        headers = {"Authorization": f"Bearer {token}"}
        assert (
            requests.get(f"{emulator.pool.endpoint}/metadata?{QUERY}", headers=headers, timeout=10).status_code == 401
        )


def test_a_valid_token_without_the_role_is_forbidden(start_pool, wire_to):
    """403, until the role is assigned."""
    assert (
        wire_to("abcd", start_pool(role_held=False, container_type="Shell")).call("GET", "metadata").status_code == 403
    )


@pytest.mark.parametrize("version", ["2020-01-01", "", "2025-10-02"])
def test_an_unknown_version_is_a_401(wire, version):
    """401 with an empty body, as reported of the service."""
    response = wire.call("GET", "metadata", params={"api-version": version})
    assert (response.status_code, response.content) == (401, b"")


@pytest.mark.parametrize(
    "path",
    [
        "/sessionPools/local//metadata",
        "/sessionPools/local/metadata/",
        "/any/where/sessionPools/other/metadata",
        "//x//sessionPools/p/metadata",
    ],
)
def test_irregular_addresses(emulator, wire, path):
    """Double and trailing slashes, and anything before the pool."""
    base = emulator.pool.endpoint.split("/subscriptions")[0]
    headers = {"Authorization": f"Bearer {wire.token}"}
    assert requests.get(f"{base}{path}?{QUERY}", headers=headers, timeout=10).status_code == 200


def test_a_path_without_a_pool_is_not_found(emulator, wire):
    """404, also for paths that no pattern would match."""
    base = emulator.pool.endpoint.split("/subscriptions")[0]
    for path in ("/", "/metadata", "/sessionPools", "/x%0Ay"):
        headers = {"Authorization": f"Bearer {wire.token}"}
        assert requests.get(f"{base}{path}?{QUERY}", headers=headers, timeout=10).status_code == 404


def test_calls_on_one_connection_are_fast(emulator, wire):
    """Without TCP_NODELAY each would wait 40 ms."""
    with requests.Session() as session:
        session.trust_env = False
        took = []
        for _ in range(50):
            started = time.perf_counter()
            session.get(f"{emulator.pool.endpoint}/session?{QUERY}", timeout=10)
            took.append(time.perf_counter() - started)
    # Without the first ones, which the kernel acknowledges at once. A busy machine delays some, and not each.
    assert sorted(took[25:])[5] < 0.02


def test_a_session_that_cannot_be_created():
    """429, so that a client knows that nothing was handed over."""
    response = error_response(EngineError("there are no processes"), max_sessions=5)
    assert response.status_code == 429
    assert json.loads(response.body)["error"]["code"] == "SessionAllocationFailed"
