"""The tokens that a pool accepts: how they are issued, and what is checked.

On Azure, Entra ID issues them and role assignments decide what they allow. Here one authority does both: it signs
tokens with its own key and writes the role into them.
"""

import secrets
import time
from dataclasses import dataclass, field

import jwt

AUDIENCE = "https://dynamicsessions.io"
LEGACY_AUDIENCE = "https://acasessions.io"
"""Of the private preview; clients of the versions of early 2024 still request it."""

ROLE = "Azure ContainerApps Session Executor"
LIFETIME_SECONDS = 24 * 3600  # as for managed identities


class Unauthorized(Exception):
    """The token is missing, not for this pool, expired, or signed by someone else."""


class Forbidden(Exception):
    """The token is valid, but without the Session Executor role."""


@dataclass(frozen=True)
class TokenAuthority:
    """Issues and checks tokens.

    Without `role_held`, as for an identity that has not been assigned the role yet. `accept_any` accepts every bearer
    token.
    """

    role_held: bool = True
    accept_any: bool = False
    lifetime_seconds: int = LIFETIME_SECONDS
    key: bytes = field(default_factory=lambda: secrets.token_bytes(32), repr=False)

    def issue(self, audience: str = AUDIENCE) -> tuple[str, int]:
        """A token, and when it expires, in seconds since the epoch."""
        now = int(time.time())
        claims = {
            "aud": audience,
            "iat": now,
            "nbf": now,
            "exp": now + self.lifetime_seconds,
            "roles": [ROLE] * self.role_held,
        }
        return jwt.encode(claims, self.key, algorithm="HS256"), now + self.lifetime_seconds

    def check(self, authorization: str | None, *other_audiences: str) -> None:
        """`authorization` is the header's value. Raises Unauthorized or Forbidden."""
        scheme, _, token = (authorization or "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise Unauthorized
        if self.accept_any:
            return
        audiences = [audience + slash for audience in (AUDIENCE, *other_audiences) for slash in ("", "/")]
        try:
            claims = jwt.decode(token.strip(), self.key, algorithms=["HS256"], audience=audiences)
        except jwt.InvalidTokenError:
            raise Unauthorized from None
        if ROLE not in claims.get("roles", []):
            raise Forbidden
