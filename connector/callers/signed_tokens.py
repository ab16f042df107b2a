"""Tokens for addresses that need no function key, which only this app can make and read.

A workflow's engine follows an address without the function key of the first call. So the address itself must prove that
its bearer may use it. Nothing about it is stored, so every instance can read it.
"""

import base64
import hashlib
import json
import time
from functools import cached_property
from typing import TYPE_CHECKING, Any

from ..errors import InternalError

if TYPE_CHECKING:
    from cryptography.fernet import Fernet, MultiFernet


class Tokens:
    """Encrypts with `key`; decrypts with `key` or `previous`, so that a key can be changed at any time."""

    def __init__(self, key: str, previous: str | None = None) -> None:
        self._keys = [text for text in (key, previous) if text]

    @cached_property
    def _fernet(self) -> "MultiFernet":
        # Importing it takes a noticeable part of a cold start, and most requests have no token.
        from cryptography.fernet import MultiFernet

        return MultiFernet([_fernet(key) for key in self._keys])

    def seal(self, purpose: str, members: dict[str, Any], *, lifetime_seconds: float) -> str:
        """A text that needs no encoding in a URL. `members` is JSON."""
        content = {"for": purpose, "until": time.time() + lifetime_seconds, "members": members}
        return self._fernet.encrypt(json.dumps(content, ensure_ascii=False).encode()).decode().rstrip("=")

    def open(self, purpose: str, token: str) -> dict[str, Any] | None:
        """The members of a token that was sealed for this purpose. None for other texts, and when it has expired."""
        from cryptography.fernet import InvalidToken

        try:
            content = json.loads(self._fernet.decrypt(token + "=" * (-len(token) % 4)))
        except (InvalidToken, ValueError):
            return None
        if content["for"] != purpose or content["until"] < time.time():
            return None
        members: dict[str, Any] = content["members"]
        return members


def require_tokens(tokens: Tokens | None, purpose: str, alternative: str = "") -> Tokens:
    """Raises InternalError without tokens. `purpose` is what needs them, `alternative` what else callers can do."""
    if tokens is None:
        raise InternalError(
            f"The setting SIGNING_KEY is missing, and {purpose} need it. Set it to a secret of at least 32 characters, "
            f"the same on all instances{alternative}."
        )
    return tokens


def _fernet(key: str) -> "Fernet":
    """Fernet needs 32 bytes, and a setting is any text. Long random texts need no slow key derivation."""
    from cryptography.fernet import Fernet

    return Fernet(base64.urlsafe_b64encode(hashlib.sha256(b"code-interpreter-connector:" + key.encode()).digest()))
