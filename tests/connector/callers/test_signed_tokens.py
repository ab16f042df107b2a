"""Tokens in signed addresses."""

import base64

import pytest

from connector.callers.signed_tokens import Tokens

KEY, OTHER = "k" * 40, "o" * 40
MEMBERS = {"sessionId": "a-session", "executionId": "1"}


def test_another_instance_opens_a_token():
    """It needs nothing but the key."""
    token = Tokens(KEY).seal("poll", MEMBERS, lifetime_seconds=60)
    assert Tokens(KEY).open("poll", token) == MEMBERS


def test_a_token_is_an_opaque_segment_of_a_path():
    """It needs no encoding in an address, and cannot be read."""
    token = Tokens(KEY).seal("poll", MEMBERS, lifetime_seconds=60)
    assert token.replace("-", "").replace("_", "").isalnum()
    assert b"a-session" not in base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))


def test_a_token_is_for_one_purpose():
    """One for a poll does not open an upload."""
    assert Tokens(KEY).open("upload", Tokens(KEY).seal("poll", MEMBERS, lifetime_seconds=60)) is None


def test_a_token_expires():
    """After its lifetime it is not opened."""
    assert Tokens(KEY).open("poll", Tokens(KEY).seal("poll", MEMBERS, lifetime_seconds=-1)) is None


def test_a_key_can_be_changed():
    """Tokens of the previous key stay valid while that is set; new tokens are of the new key."""
    old = Tokens(KEY).seal("poll", MEMBERS, lifetime_seconds=60)
    both = Tokens(OTHER, KEY)
    assert both.open("poll", old) == MEMBERS
    assert Tokens(OTHER).open("poll", both.seal("poll", MEMBERS, lifetime_seconds=60)) == MEMBERS
    assert Tokens(OTHER).open("poll", old) is None


@pytest.mark.parametrize("token", ["", "x", "a" * 200, "ä", "gAAAAA", "%2F", "\udc80", "=" * 8])
def test_other_texts_are_not_tokens(token):
    """They do not raise an error either."""
    assert Tokens(KEY).open("poll", token) is None


def test_a_changed_token_is_not_opened():
    """Even by one letter."""
    token = Tokens(KEY).seal("poll", MEMBERS, lifetime_seconds=60)
    changed = token[:30] + ("A" if token[30] != "A" else "B") + token[31:]
    assert Tokens(KEY).open("poll", changed) is None
