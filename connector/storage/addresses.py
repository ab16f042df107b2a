"""Addresses of containers and blobs, and the names that blobs can have.

Sources: "Naming and referencing containers, blobs, and metadata", and "Use the Azurite emulator for local Azure Storage
development" for URLs whose path begins with the account.
"""

import re
from dataclasses import dataclass
from urllib.parse import SplitResult, quote, unquote, urlsplit

from ..errors import InvalidRequest

_LOOPBACK = ("127.0.0.1", "localhost")
_PORTS = {"http": 80, "https": 443}
_MOST_CHARACTERS = 1024
_MOST_SEGMENTS = 254
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_SEPARATORS = re.compile(r"[/\\]")


@dataclass(frozen=True)
class ContainerAddress:
    """`service` is the URL of the account's Blob Storage, without a slash at the end."""

    service: str
    account: str
    container: str

    @classmethod
    def of(cls, url: str) -> "ContainerAddress":
        """`url` is one that the settings accept: `https://ACCOUNT.HOST/CONTAINER`, or
        `http://127.0.0.1:PORT/ACCOUNT/CONTAINER`.
        """
        service, _, container = url.rstrip("/").rpartition("/")
        parts = urlsplit(service)
        account = parts.path.strip("/") if parts.hostname in _LOOPBACK else str(parts.hostname).partition(".")[0]
        return cls(service, account, container)

    @property
    def url(self) -> str:
        return f"{self.service}/{self.container}"

    @property
    def logged_name(self) -> str:
        return f"{self.account}/{self.container}"

    def blob_url(self, name: str) -> str:
        return f"{self.url}/{quoted(name)}"

    def name_of(self, blob_url: str) -> str | None:
        """The name of a blob of this container. None for any other address, and for one with a user, a query or a
        fragment.
        """
        try:
            parts, own = urlsplit(blob_url), urlsplit(self.url)
            is_of_host = _host(parts) == _host(own) and not (parts.query or parts.fragment or "@" in parts.netloc)
            if not is_of_host or not parts.path.startswith(own.path + "/"):
                return None
            return unquote(parts.path.removeprefix(own.path + "/"), errors="strict") or None
        except ValueError:
            return None


def quoted(name: str) -> str:
    """As a part of a path. Slashes separate the folders of a blob's name."""
    return quote(name, safe="/")


def check_blob_name(name: str, target: str | None = None) -> str:
    """The name. Raises InvalidRequest for one that blobs cannot have, or that would be the path of another blob.

    Azure resolves `..` in paths, also between backslashes, and removes dots at the end of segments.
    """
    try:
        name.encode()
    except UnicodeEncodeError:
        raise _invalid("it has half of a surrogate pair", target) from None
    if not 1 <= len(name) <= _MOST_CHARACTERS:
        raise _invalid(f"it has {len(name):,} characters", target)
    if _CONTROL.search(name):
        raise _invalid("it has a control character", target)
    segments = _SEPARATORS.split(name)
    if len(segments) > _MOST_SEGMENTS:
        raise _invalid(f"it has {len(segments):,} parts between slashes, and {_MOST_SEGMENTS} is the most", target)
    if any(segment.endswith(".") for segment in segments):
        raise _invalid("a part of it ends with a dot", target)
    return name


def _host(parts: SplitResult) -> tuple[str, str | None, int | None]:
    return parts.scheme, parts.hostname, parts.port or _PORTS.get(parts.scheme)


def _invalid(problem: str, target: str | None) -> InvalidRequest:
    return InvalidRequest(
        f"This cannot be the name of a blob: {problem}. Use 1 to {_MOST_CHARACTERS:,} characters, with slashes between "
        "folders.",
        target=target,
    )
