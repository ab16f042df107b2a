"""Addresses of session pools: which are the same pool's, and what tells pools apart without being a secret.

An address is `https://REGION.dynamicsessions.io/subscriptions/.../resourceGroups/.../sessionPools/NAME`. Callers do not
get to know it.
"""

import hashlib
from urllib.parse import urlsplit

_PORTS = {"http": 80, "https": 443}


def canonical(endpoint: str) -> str:
    """The same text for every way to write a pool's address: Azure ignores the case of its parts."""
    parts = urlsplit(endpoint.rstrip("/").lower())
    return f"{parts.hostname}:{parts.port or _PORTS[parts.scheme]}{parts.path}"


def tag_of(endpoint: str) -> str:
    """Eight characters that depend on the pool's address alone. Of 100 pools, two have the same once in a million."""
    return hashlib.sha256(canonical(endpoint).encode()).hexdigest()[:8]


def name_of(endpoint: str) -> str:
    """The pool's own name, which pools in other regions may have too."""
    return endpoint.rstrip("/").rpartition("/")[2]
