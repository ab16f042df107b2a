"""Tokens in addresses that need no key."""

import base64

import pytest

from connector.callers.signed_tokens import Tokens

KEY, OTHER = "k" * 40, "o" * 40
MEMBERS = {"sessionId": "a-session", "executionId": "1"}


def test_what_was_sealed_is_opened_by_another_instance():
    """Nothing but the key is needed to open a token."""
    token = Tokens(KEY).seal("poll", MEMBERS, lifetime_seconds=60)
    assert Tokens(KEY).open("poll", token) == MEMBERS


def test_a_token_is_one_step_of_a_path_and_tells_nothing():
    """It can stand in an address as it is, and nobody can read in it."""
    token = Tokens(KEY).seal("poll", MEMBERS, lifetime_seconds=60)
    assert token.replace("-", "").replace("_", "").isalnum()
    assert b"a-session" not in base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))


def test_a_token_serves_its_purpose_alone():
    """One for a poll opens no upload."""
    assert Tokens(KEY).open("upload", Tokens(KEY).seal("poll", MEMBERS, lifetime_seconds=60)) is None


def test_a_token_ends():
    """After its lifetime it opens nothing."""
    assert Tokens(KEY).open("poll", Tokens(KEY).seal("poll", MEMBERS, lifetime_seconds=-1)) is None


def test_a_key_can_be_changed():
    """What the previous key sealed stays valid as long as that key is known; new tokens are of the new key."""
    old = Tokens(KEY).seal("poll", MEMBERS, lifetime_seconds=60)
    both = Tokens(OTHER, KEY)
    assert both.open("poll", old) == MEMBERS
    assert Tokens(OTHER).open("poll", both.seal("poll", MEMBERS, lifetime_seconds=60)) == MEMBERS
    assert Tokens(OTHER).open("poll", old) is None


@pytest.mark.parametrize("token", ["", "x", "a" * 200, "ä", "gAAAAA", "%2F", "\udc80", "=" * 8])
def test_what_nobody_sealed_opens_nothing(token):
    """Not an error either."""
    assert Tokens(KEY).open("poll", token) is None


def test_a_changed_token_opens_nothing():
    """Whoever changes one letter has no token any more."""
    token = Tokens(KEY).seal("poll", MEMBERS, lifetime_seconds=60)
    changed = token[:30] + ("A" if token[30] != "A" else "B") + token[31:]
    assert Tokens(KEY).open("poll", changed) is None
