"""The token: where it comes from and how long it is kept."""

import threading
import time
from dataclasses import dataclass

import pytest
from azure.core.exceptions import ClientAuthenticationError

from connector import errors
from connector.session_pool.credentials import SCOPE, PoolCredential


@dataclass
class Token:
    token: str
    expires_on: int


class Source:
    """Gives tokens that live for `seconds`, and fails when told to."""

    def __init__(self, seconds: int) -> None:
        self.seconds, self.asked, self.fails = seconds, [], False

    def get_token(self, *scopes: str) -> Token:
        self.asked.append(scopes)
        if self.fails:
            raise ClientAuthenticationError("no")
        return Token(f"t{len(self.asked)}", int(time.time()) + self.seconds)


def test_a_token_is_kept_while_it_is_good():
    """The identity is asked once, for the pool's own audience."""
    source = Source(3600)
    credential = PoolCredential("managed_identity", source=source)
    assert [credential.token() for _ in range(3)] == ["t1", "t1", "t1"]
    assert source.asked == [(SCOPE,)]


def test_a_token_is_replaced_before_it_expires():
    """A token in its last minutes is not used for a call that may take as long."""
    source = Source(200)
    credential = PoolCredential("managed_identity", source=source)
    assert [credential.token(), credential.token()] == ["t1", "t2"]


def test_a_token_in_its_last_minutes_serves_while_there_is_no_other():
    """A failing identity endpoint does no harm as long as the old token is good."""
    source = Source(200)
    credential = PoolCredential("managed_identity", source=source)
    assert credential.token() == "t1"
    source.fails = True
    assert credential.token() == "t1"


def test_a_failure_is_not_asked_for_again_by_every_caller():
    """Callers that waited while a token could not be had are told the same, without asking one after the other."""
    source = Source(3600)
    source.fails = True
    credential = PoolCredential("managed_identity", source=source)
    for _ in range(5):
        with pytest.raises(errors.PoolRejected):
            credential.token()
    assert len(source.asked) == 1


def test_callers_do_not_wait_for_a_refresh_while_the_token_is_good():
    """One thread asks; the others go on with the old token."""

    class Slow(Source):
        def get_token(self, *scopes: str) -> Token:
            if self.asked:
                time.sleep(1)
            return super().get_token(*scopes)

    source = Slow(200)
    credential = PoolCredential("managed_identity", source=source)
    assert credential.token() == "t1"
    refreshing = threading.Thread(target=credential.token)
    refreshing.start()
    time.sleep(0.2)
    started = time.monotonic()
    assert credential.token() == "t1"
    assert time.monotonic() - started < 0.5
    refreshing.join()
    assert len(source.asked) == 2


def test_many_first_callers_ask_once():
    """The first token is fetched by one, and the others wait for it."""

    class Slow(Source):
        def get_token(self, *scopes: str) -> Token:
            time.sleep(0.2)
            return super().get_token(*scopes)

    source = Slow(3600)
    credential = PoolCredential("managed_identity", source=source)
    threads = [threading.Thread(target=credential.token) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(source.asked) == 1


@pytest.mark.parametrize("failure", [ValueError("expires_on"), AttributeError("list"), OSError("no")])
def test_an_identity_endpoint_that_makes_no_sense_is_the_same_error(failure):
    """azure.identity does not wrap every failure; callers get ours all the same."""

    class Broken(Source):
        def get_token(self, *scopes: str) -> Token:
            raise failure

    with pytest.raises(errors.PoolRejected):
        PoolCredential("managed_identity", source=Broken(0)).token()


@pytest.mark.parametrize(("kind", "advice"), [("managed_identity", "AZURE_CLIENT_ID"), ("azure_cli", "az login")])
def test_no_token_is_an_error_that_says_what_to_do(kind, advice):
    """Without a token the error names the setting or the command that brings one."""
    source = Source(0)
    source.fails = True
    with pytest.raises(errors.PoolRejected, match=advice):
        PoolCredential(kind, source=source).token()


def test_the_managed_identity_is_asked_through_azure_identity(emulator, monkeypatch):
    """ManagedIdentityCredential gets a token from the App Service endpoint, and the pool takes it."""
    for name, value in emulator.environment.items():
        monkeypatch.setenv(name, value)
    emulator.authority.check(f"Bearer {PoolCredential('managed_identity').token()}")


def test_a_machine_without_an_identity_is_told_so(monkeypatch):
    """Where there is no identity endpoint that takes us, the error says to turn the identity on."""
    monkeypatch.setenv("IDENTITY_ENDPOINT", "http://127.0.0.1:9/msi/token")
    monkeypatch.setenv("IDENTITY_HEADER", "x")
    with pytest.raises(errors.PoolRejected, match="managed identity"):
        PoolCredential("managed_identity").token()
