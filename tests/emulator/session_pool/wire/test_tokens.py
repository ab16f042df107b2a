"""Which tokens open the pool."""

import jwt
import pytest

from emulator.session_pool.wire import tokens
from emulator.session_pool.wire.tokens import AUDIENCE, ROLE, Forbidden, TokenAuthority, Unauthorized


def bearer(authority: TokenAuthority, *arguments: str, **options: int) -> str:
    return f"Bearer {authority.issue(*arguments, **options)[0]}"


@pytest.fixture
def authority() -> TokenAuthority:
    return TokenAuthority()


@pytest.mark.parametrize("form", ["Bearer {}", "bearer {}", "BEARER  {} "])
def test_a_token_of_the_authority_is_accepted(authority, form):
    """The scheme's case and spaces do not matter."""
    authority.check(form.format(authority.issue()[0]))


@pytest.mark.parametrize("audience", [AUDIENCE, AUDIENCE + "/"])
def test_the_audience_may_end_in_a_slash(authority, audience):
    """Entra issues what is requested, and some clients request it with a slash."""
    authority.check(bearer(authority, audience))


@pytest.mark.parametrize("audience", ["https://management.azure.com", "https://acasessions.io", AUDIENCE + "/x", ""])
def test_another_audience_is_unauthorized(authority, audience):
    """A token for something else does not open the pool."""
    with pytest.raises(Unauthorized):
        authority.check(bearer(authority, audience))


@pytest.mark.parametrize("header", [None, "", "Bearer", "Bearer ", "Basic eDp5", "Bearer x", "Bearer a.b.c"])
def test_no_token_is_unauthorized(authority, header):
    """Text that merely looks like a token is refused."""
    with pytest.raises(Unauthorized):
        authority.check(header)


def test_a_token_is_valid_for_a_day(authority):
    """As for managed identities: valid after 24 hours less a minute, expired a minute later; `issue` returns when."""
    token, expires = authority.issue()
    now = jwt.decode(token, options={"verify_signature": False})["iat"]
    assert expires == now + 24 * 3600
    claims = {"aud": AUDIENCE, "roles": [ROLE]}
    for left, good in ((60, True), (-60, False)):
        header = f"Bearer {jwt.encode({**claims, 'exp': now + left}, authority.key, algorithm='HS256')}"
        if good:
            authority.check(header)
        else:
            with pytest.raises(Unauthorized):
                authority.check(header)


def test_a_token_expires(monkeypatch):
    """`lifetime_seconds` counts from the moment of issue."""
    authority = TokenAuthority(lifetime_seconds=60)
    monkeypatch.setattr(tokens.time, "time", lambda: 1_000_000)
    old = bearer(authority)
    monkeypatch.undo()
    with pytest.raises(Unauthorized):
        authority.check(old)
    authority.check(bearer(authority))


def test_the_private_previews_audience_is_accepted_if_requested(authority):
    """Its routes accept both audiences; the others only their own."""
    old = bearer(authority, "https://acasessions.io")
    with pytest.raises(Unauthorized):
        authority.check(old)
    authority.check(old, tokens.LEGACY_AUDIENCE)
    authority.check(bearer(authority), tokens.LEGACY_AUDIENCE)


def test_signatures_of_others_are_unauthorized(authority):
    """Tokens of another authority, unsigned tokens and tokens with another algorithm are refused."""
    claims = {"aud": AUDIENCE, "roles": [ROLE]}
    unsigned = jwt.encode(claims, None, algorithm="none")
    otherwise = jwt.encode(claims, authority.key * 2, algorithm="HS512")
    for header in (bearer(TokenAuthority()), f"Bearer {unsigned}", f"Bearer {otherwise}"):
        with pytest.raises(Unauthorized):
            authority.check(header)


def test_a_valid_token_without_the_role_is_forbidden():
    """Unauthorized comes first: the role only matters in a valid token."""
    authority = TokenAuthority(role_held=False)
    with pytest.raises(Forbidden):
        authority.check(bearer(authority))
    with pytest.raises(Unauthorized):
        authority.check(bearer(authority, "https://management.azure.com"))


def test_any_token_may_be_accepted():
    """`accept_any` requires a bearer token, but does not validate it."""
    authority = TokenAuthority(accept_any=True)
    authority.check("Bearer anything")
    for header in (None, "Bearer", "Basic eDp5"):
        with pytest.raises(Unauthorized):
            authority.check(header)


def test_the_key_is_not_shown(authority):
    """The repr of an authority does not contain its key."""
    assert authority.key.hex() not in repr(authority)
    assert repr(authority.key) not in repr(authority)
