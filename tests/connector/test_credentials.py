"""The token: where it comes from and how long it is kept."""

import time
from dataclasses import dataclass

import pytest
from azure.core.exceptions import ClientAuthenticationError

from connector import errors
from connector.credentials import SCOPE, PoolCredential


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
