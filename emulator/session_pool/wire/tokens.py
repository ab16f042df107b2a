"""The tokens that a pool takes: who may have one, and what is checked of it.

On Azure, Entra ID issues them and role assignments decide what they may do. Here one authority does both: it signs
tokens with a key of its own and writes the role into them.
"""

import secrets
import time
from dataclasses import dataclass, field

import jwt

AUDIENCE = "https://dynamicsessions.io"
LEGACY_AUDIENCE = "https://acasessions.io"
"""Of the private preview; clients of the versions of early 2024 still ask for it."""

ROLE = "Azure ContainerApps Session Executor"
LIFETIME_SECONDS = 24 * 3600  # as for managed identities


class Unauthorized(Exception):
    """No token, or one that is not for this pool, has expired, or was signed by someone else."""


class Forbidden(Exception):
    """The token is good, but its bearer does not hold the Session Executor role."""


@dataclass(frozen=True)
class TokenAuthority:
    """Issues and checks tokens.

    `role_held` False is an identity to which nobody has assigned the role yet. `accept_any` takes every bearer token.
    """

    role_held: bool = True
    accept_any: bool = False
    lifetime_seconds: int = LIFETIME_SECONDS
    _key: bytes = field(default_factory=lambda: secrets.token_bytes(32), repr=False)

    def issue(self, audience: str = AUDIENCE) -> tuple[str, int]:
        """A token, and when it expires (seconds since the epoch)."""
        now = int(time.time())
        claims = {
            "aud": audience,
            "iat": now,
            "nbf": now,
            "exp": now + self.lifetime_seconds,
            "roles": [ROLE] * self.role_held,
        }
        return jwt.encode(claims, self._key, algorithm="HS256"), now + self.lifetime_seconds

    def check(self, authorization: str | None, *other_audiences: str) -> None:
        """`authorization` is the header's value. Raises Unauthorized or Forbidden."""
        scheme, _, token = (authorization or "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise Unauthorized
        if self.accept_any:
            return
        audiences = [audience + slash for audience in (AUDIENCE, *other_audiences) for slash in ("", "/")]
        try:
            claims = jwt.decode(token.strip(), self._key, algorithms=["HS256"], audience=audiences)
        except jwt.InvalidTokenError:
            raise Unauthorized from None
        if ROLE not in claims.get("roles", []):
            raise Forbidden
