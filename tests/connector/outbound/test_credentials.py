"""The token for a service: where it comes from and how long it is kept."""

import threading
import time
from dataclasses import dataclass

import pytest
from azure.core.exceptions import ClientAuthenticationError

from connector import errors
from connector.outbound.credentials import Audience, IdentityCredential
from connector.outbound.deadlines import Deadline
from connector.session_pool.client import AUDIENCE


@dataclass
class Token:
    token: str
    expires_on: int


class Source:
    """Issues tokens that are valid for `seconds`; fails on request."""

    def __init__(self, seconds: int) -> None:
        self.seconds, self.requests, self.fails = seconds, [], False

    def get_token(self, *scopes: str) -> Token:
        self.requests.append(scopes)
        if self.fails:
            raise ClientAuthenticationError("no")
        return Token(f"t{len(self.requests)}", int(time.time()) + self.seconds)


def test_a_token_is_kept_while_it_is_valid():
    """One request, for the audience of session pools."""
    source = Source(3600)
    credential = IdentityCredential(AUDIENCE, "managed_identity", source=source)
    assert [credential.token() for _ in range(3)] == ["t1", "t1", "t1"]
    assert source.requests == [(AUDIENCE.scope,)]


def test_a_token_is_replaced_before_it_expires():
    """A token in its last minutes is not used for a call that may take as long."""
    source = Source(200)
    credential = IdentityCredential(AUDIENCE, "managed_identity", source=source)
    assert [credential.token(), credential.token()] == ["t1", "t2"]


def test_a_token_in_its_last_minutes_is_used_if_there_is_no_other():
    """A failing identity endpoint does no harm while the old token is valid."""
    source = Source(200)
    credential = IdentityCredential(AUDIENCE, "managed_identity", source=source)
    assert credential.token() == "t1"
    source.fails = True
    assert credential.token() == "t1"


def test_a_failure_is_remembered():
    """Callers that waited for the token get the same error, without repeating the request."""
    source = Source(3600)
    source.fails = True
    credential = IdentityCredential(AUDIENCE, "managed_identity", source=source)
    for _ in range(5):
        with pytest.raises(errors.PoolRejected):
            credential.token()
    assert len(source.requests) == 1


def test_callers_do_not_wait_for_a_refresh():
    """One thread requests the next token; the others use the old one."""

    is_requested, may_respond = threading.Event(), threading.Event()

    class Slow(Source):
        def get_token(self, *scopes: str) -> Token:
            if self.requests:
                is_requested.set()
                assert may_respond.wait(10)
            return super().get_token(*scopes)

    source = Slow(200)
    credential = IdentityCredential(AUDIENCE, "managed_identity", source=source)
    assert credential.token() == "t1"
    refreshing = threading.Thread(target=credential.token)
    refreshing.start()
    assert is_requested.wait(10)
    assert credential.token() == "t1"
    may_respond.set()
    refreshing.join()
    assert len(source.requests) == 2


def test_many_first_callers_request_one_token():
    """The others wait for it."""

    may_respond = threading.Event()

    class Slow(Source):
        def get_token(self, *scopes: str) -> Token:
            assert may_respond.wait(10)
            return super().get_token(*scopes)

    source = Slow(3600)
    credential = IdentityCredential(AUDIENCE, "managed_identity", source=source)
    threads = [threading.Thread(target=credential.token) for _ in range(8)]
    for thread in threads:
        thread.start()
    may_respond.set()
    for thread in threads:
        thread.join()
    assert len(source.requests) == 1


@pytest.mark.parametrize("failure", [ValueError("expires_on"), AttributeError("list"), OSError("no")])
def test_any_failure_of_the_identity_endpoint_is_the_same_error(failure):
    """azure.identity does not wrap all of them."""

    class Broken(Source):
        def get_token(self, *scopes: str) -> Token:
            raise failure

    with pytest.raises(errors.PoolRejected):
        IdentityCredential(AUDIENCE, "managed_identity", source=Broken(0)).token()


@pytest.mark.parametrize(("kind", "advice"), [("managed_identity", "AZURE_CLIENT_ID"), ("azure_cli", "az login")])
def test_no_token_is_an_error_with_the_remedy(kind, advice):
    """The setting or the command that provides one."""
    source = Source(0)
    source.fails = True
    with pytest.raises(errors.PoolRejected, match=advice):
        IdentityCredential(AUDIENCE, kind, source=source).token()


@pytest.mark.parametrize("kind", ["managed_identity", "azure_cli"])
def test_the_error_is_that_of_the_service(kind):
    """And names it."""
    audience = Audience("https://service.example/.default", "the service", "service", errors.StorageRejected)
    source = Source(0)
    source.fails = True
    with pytest.raises(errors.StorageRejected, match="token for the service"):
        IdentityCredential(audience, kind, source=source).token()
    assert source.requests == [("https://service.example/.default",)]


def test_the_managed_identity_is_that_of_azure_identity(emulator, monkeypatch):
    """ManagedIdentityCredential gets a token from the App Service endpoint, and the pool accepts it."""
    for name, value in emulator.environment.items():
        monkeypatch.setenv(name, value)
    emulator.authority.check(f"Bearer {IdentityCredential(AUDIENCE, 'managed_identity').token()}")


def test_without_an_identity_endpoint_the_error_names_the_identity(monkeypatch):
    """The remedy is to turn it on."""
    monkeypatch.setenv("IDENTITY_ENDPOINT", "http://127.0.0.1:9/msi/token")
    monkeypatch.setenv("IDENTITY_HEADER", "x")
    with pytest.raises(errors.PoolRejected, match="managed identity"):
        IdentityCredential(AUDIENCE, "managed_identity").token()


def test_callers_with_the_same_rejected_token_share_a_new_one():
    """One request, and none for a token that is new itself."""
    source = Source(3600)
    credential = IdentityCredential(AUDIENCE, "managed_identity", source=source)
    assert credential.token() == "t1"
    assert [credential.renew("t1") for _ in range(8)] == [True] * 8
    assert [credential.token() for _ in range(8)] == ["t2"] * 8
    assert not credential.renew("t2")
    assert credential.token() == "t2"
    assert len(source.requests) == 2


def test_a_renewed_token_is_not_that_of_the_cache_of_azure_identity(emulator, monkeypatch):
    """The identity endpoint is asked again."""
    for name, value in emulator.environment.items():
        monkeypatch.setenv(name, value)
    credential = IdentityCredential(AUDIENCE, "managed_identity")
    first = credential.token()
    time.sleep(1.1 - time.time() % 1)  # the emulator's tokens differ by their seconds
    assert credential.renew(first)
    assert credential.token() != first


def test_callers_wait_for_a_token_until_their_deadline():
    """Those of an identity endpoint that does not respond get the error that names the identity."""
    may_respond = threading.Event()

    class Hanging(Source):
        def get_token(self, *scopes: str) -> Token:
            assert may_respond.wait(10)
            return super().get_token(*scopes)

    source = Hanging(3600)
    credential = IdentityCredential(AUDIENCE, "managed_identity", source=source)
    for _ in range(2):
        began = time.monotonic()
        with pytest.raises(errors.PoolRejected, match="managed identity"):
            credential.token(Deadline.after(0.1))
        assert time.monotonic() - began < 2
    may_respond.set()
    assert credential.token(Deadline.after(10)) == "t1"
    assert len(source.requests) == 1


@pytest.mark.parametrize("token", ["a\nb", "a b", "tøken", "\u200b", "", "a\x7f", None, b"bytes"])
def test_a_token_that_no_header_can_carry_is_refused(token):
    """The error names where it comes from, and does not contain it."""

    class Odd(Source):
        def get_token(self, *scopes: str) -> Token:
            return Token(token, int(time.time()) + 3600)

    with pytest.raises(errors.PoolRejected, match="IDENTITY_ENDPOINT") as failure:
        IdentityCredential(AUDIENCE, "managed_identity", source=Odd(0)).token()
    assert not token or str(token) not in f"{failure.value.message} {failure.value.__cause__!r}"
