"""The managed-identity endpoint, as azure-identity calls it."""

import os
import socket
import time

import pytest
import requests
from azure.identity import DefaultAzureCredential, ManagedIdentityCredential

from emulator.session_pool.wire.identity_endpoint import IdentityEndpoint
from emulator.session_pool.wire.tokens import Forbidden, TokenAuthority, Unauthorized


@pytest.fixture
def endpoint():
    authority = TokenAuthority()
    server = IdentityEndpoint(authority)
    server.start()
    yield server.environment["IDENTITY_ENDPOINT"], server.environment["IDENTITY_HEADER"], authority
    server.stop()


@pytest.fixture
def asked(monkeypatch) -> list[str]:
    """The host names that are resolved; only this machine's resolves."""
    names: list[str] = []
    find = socket.getaddrinfo

    def find_here(host, *arguments, **options):
        names.append(host)
        if host != "127.0.0.1":
            raise socket.gaierror(socket.EAI_NONAME, "a test may reach no other machine")
        return find(host, *arguments, **options)

    monkeypatch.setattr(socket, "getaddrinfo", find_here)
    return names


def test_a_token_has_its_resource_as_audience(endpoint):
    """The App Service protocol: strings, seconds since the epoch, and the client id that was requested."""
    url, header, authority = endpoint
    query = {"api-version": "2019-08-01", "resource": "https://dynamicsessions.io", "client_id": "mine"}
    body = requests.get(url, params=query, headers={"X-IDENTITY-HEADER": header}, timeout=10).json()
    authority.check(f"Bearer {body['access_token']}")
    assert int(body["expires_on"]) > time.time() + 3600
    assert (body["resource"], body["token_type"], body["client_id"]) == ("https://dynamicsessions.io", "Bearer", "mine")


def test_the_wrong_header_version_or_no_resource(endpoint):
    """401 for callers other than the app; 400 for invalid requests."""
    url, header, _ = endpoint
    good = {"api-version": "2019-08-01", "resource": "x"}
    for sent, query, status in (
        ({}, good, 401),
        ({"X-IDENTITY-HEADER": "x"}, good, 401),
        ({"X-IDENTITY-HEADER": header}, {"api-version": "2017-09-01", "resource": "x"}, 400),
        ({"X-IDENTITY-HEADER": header}, {"api-version": "2019-08-01"}, 400),
    ):
        assert requests.get(url, params=query, headers=sent, timeout=10).status_code == status


def test_azure_identity_gets_a_token(endpoint, monkeypatch):
    """The library that apps use for a managed identity works with the platform's variables alone."""
    url, header, authority = endpoint
    monkeypatch.setenv("IDENTITY_ENDPOINT", url)
    monkeypatch.setenv("IDENTITY_HEADER", header)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with ManagedIdentityCredential() as credential:
        token = credential.get_token("https://dynamicsessions.io/.default")
    authority.check(f"Bearer {token.token}")
    assert token.expires_on > time.time() + 3600


def test_the_default_credential_gets_a_token_that_the_pool_accepts(emulator, asked, monkeypatch):
    """The default credential finds the endpoint by the platform's two variables alone, and contacts no other host."""
    for name in [name for name in os.environ if name.startswith(("AZURE_", "MSI_", "IDENTITY_"))]:
        monkeypatch.delenv(name)
    for name in ("IDENTITY_ENDPOINT", "IDENTITY_HEADER"):
        monkeypatch.setenv(name, emulator.environment[name])
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    # Without it, the other credentials of its chain would start programs and look for developer tools.
    monkeypatch.setenv("AZURE_TOKEN_CREDENTIALS", "ManagedIdentityCredential")
    with DefaultAzureCredential() as credential:
        token = credential.get_token("https://dynamicsessions.io/.default").token
    answer = requests.get(
        f"{emulator.pool.endpoint}/listSessions?api-version=2025-10-02-preview",
        headers={"Authorization": f"Bearer {token}"},
        timeout=10,
    )
    assert answer.status_code == 200
    assert set(asked) == {"127.0.0.1"}


def test_a_token_is_for_the_requested_resource(endpoint):
    """The pool refuses a token for another audience."""
    url, header, authority = endpoint
    query = {"api-version": "2019-08-01", "resource": "https://storage.azure.com"}
    body = requests.get(url, params=query, headers={"X-IDENTITY-HEADER": header}, timeout=10).json()
    assert body["resource"] == "https://storage.azure.com"
    assert body["client_id"]
    with pytest.raises(Unauthorized):
        authority.check(f"Bearer {body['access_token']}")


def test_an_identity_without_the_role_still_gets_a_token():
    """Roles are checked by the pool, not by the issuer of tokens."""
    authority = TokenAuthority(role_held=False)
    server = IdentityEndpoint(authority)
    server.start()
    try:
        query = {"api-version": "2019-08-01", "resource": "https://dynamicsessions.io"}
        headers = {"X-IDENTITY-HEADER": server.environment["IDENTITY_HEADER"]}
        body = requests.get(server.environment["IDENTITY_ENDPOINT"], params=query, headers=headers, timeout=10).json()
    finally:
        server.stop()
    with pytest.raises(Forbidden):
        authority.check(f"Bearer {body['access_token']}")


def test_the_secret_is_this_endpoints_own(endpoint):
    """Each endpoint has its own, too long to guess, and other endpoints respond to it with a 401."""
    url, header, authority = endpoint
    other = IdentityEndpoint(authority)
    foreign = other.environment["IDENTITY_HEADER"]
    other.stop()
    assert foreign != header
    assert len(header) >= 32
    query = {"api-version": "2019-08-01", "resource": "https://dynamicsessions.io"}
    refused = requests.get(url, params=query, headers={"X-IDENTITY-HEADER": foreign}, timeout=10)
    assert refused.status_code == 401
    assert header not in refused.text


def test_pages_of_other_sites_are_refused(endpoint):
    """The endpoint is served on loopback, where every web page can send requests."""
    url, header, _ = endpoint
    query = {"api-version": "2019-08-01", "resource": "https://dynamicsessions.io"}
    for foreign in ({"Host": "evil.example"}, {"Origin": "https://evil.example"}):
        headers = {"X-IDENTITY-HEADER": header, **foreign}
        assert requests.get(url, params=query, headers=headers, timeout=10).status_code == 403
