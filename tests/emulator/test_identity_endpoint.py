"""The managed-identity endpoint, as azure-identity calls it."""

import time

import pytest
import requests

from emulator.identity_endpoint import IdentityEndpoint
from emulator.session_pool.tokens import TokenAuthority


@pytest.fixture
def endpoint():
    authority = TokenAuthority()
    server = IdentityEndpoint(authority)
    server.start()
    yield server.environment["IDENTITY_ENDPOINT"], server.environment["IDENTITY_HEADER"], authority
    server.stop()


def test_a_token_for_a_resource(endpoint):
    """The App Service protocol: strings, seconds since the epoch, and the client id that was asked for."""
    url, header, authority = endpoint
    query = {"api-version": "2019-08-01", "resource": "https://dynamicsessions.io", "client_id": "mine"}
    body = requests.get(url, params=query, headers={"X-IDENTITY-HEADER": header}, timeout=10).json()
    authority.check(f"Bearer {body['access_token']}")
    assert int(body["expires_on"]) > time.time() + 3600
    assert (body["resource"], body["token_type"], body["client_id"]) == ("https://dynamicsessions.io", "Bearer", "mine")


def test_the_wrong_header_version_or_no_resource(endpoint):
    """401 for who is not the app; 400 for what is not the protocol."""
    url, header, _ = endpoint
    good = {"api-version": "2019-08-01", "resource": "x"}
    for sent, query, status in (
        ({}, good, 401),
        ({"X-IDENTITY-HEADER": "x"}, good, 401),
        ({"X-IDENTITY-HEADER": header}, {"api-version": "2017-09-01", "resource": "x"}, 400),
        ({"X-IDENTITY-HEADER": header}, {"api-version": "2019-08-01"}, 400),
    ):
        assert requests.get(url, params=query, headers=sent, timeout=10).status_code == status
