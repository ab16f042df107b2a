"""The tokens that a pool accepts: how they are issued, and what is checked.

On Azure, Entra ID issues them and role assignments decide what they allow. Here one authority does both: it signs
tokens with its own key and writes the role into them.
"""

import secrets
import time
from dataclasses import dataclass, field
from typing import Any

import jwt

AUDIENCE = "https://dynamicsessions.io"
LEGACY_AUDIENCE = "https://acasessions.io"
"""Of the private preview; clients of the versions of early 2024 still request it."""

ROLE = "Azure ContainerApps Session Executor"
LIFETIME_SECONDS = 24 * 3600  # as for managed identities
OBJECT_ID = "00000000-0000-0000-0000-0000000000a1"
TENANT_ID = "00000000-0000-0000-0000-0000000000d1"
"""Of the identity that tokens are for. Services that keep roles themselves find its roles by them."""


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

    def issue(self, audience: str = AUDIENCE, *, object_id: str = OBJECT_ID) -> tuple[str, int]:
        """A token, and when it expires, in seconds since the epoch."""
        now = int(time.time())
        claims = {
            "aud": audience,
            "iat": now,
            "nbf": now,
            "exp": now + self.lifetime_seconds,
            "oid": object_id,
            "tid": TENANT_ID,
            "roles": [ROLE] * self.role_held,
        }
        return jwt.encode(claims, self.key, algorithm="HS256"), now + self.lifetime_seconds

    def check(self, authorization: str | None, *other_audiences: str) -> None:
        """`authorization` is the header's value. Raises Unauthorized or Forbidden."""
        claims = self.claims(authorization, AUDIENCE, *other_audiences)
        if not self.accept_any and ROLE not in claims.get("roles", []):
            raise Forbidden

    def claims(self, authorization: str | None, *audiences: str) -> dict[str, Any]:
        """Those of a token for one of the audiences, each with or without a slash at its end. Raises Unauthorized."""
        scheme, _, token = (authorization or "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise Unauthorized
        if self.accept_any:
            return {"oid": OBJECT_ID, "tid": TENANT_ID}
        accepted = [audience + slash for audience in audiences for slash in ("", "/")]
        try:
            return dict(jwt.decode(token.strip(), self.key, algorithms=["HS256"], audience=accepted))
        except jwt.InvalidTokenError:
            raise Unauthorized from None
