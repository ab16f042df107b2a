"""Which URLs of other hosts the connector may read: those of hosts that its settings name, over https on its usual
port.

Parsers disagree about URLs with users, backslashes, control characters and addresses in unusual notations. These are
refused, and what is requested is put together anew from what has been checked.
"""

import re
from dataclasses import dataclass
from urllib.parse import SplitResult, quote, urlsplit

from ..errors import InvalidRequest, SourceNotAllowed

_REFUSED = re.compile(r"[\x00-\x20\x7f-\xa0\\#\u1680\u2000-\u200f\u2028-\u202f\u205f-\u206f\u3000\ufeff\ud800-\udfff]")
"""Spaces and control characters, also those of other scripts; backslashes; the beginning of a fragment."""

_NAME = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z](?:[a-z0-9-]*[a-z0-9])?")
"""The last part of an IPv4 address begins with a digit, in every notation."""

_LONGEST_NAME = 253
_NOT_QUOTED = "!$%&'()*+,/:;=?@[]~"


@dataclass(frozen=True)
class AllowedUrl:
    """`host` is a name in lower case, `path` what a request line has: path and query, in ASCII."""

    host: str
    path: str

    @property
    def url(self) -> str:
        return f"https://{self.host}{self.path}"


class AllowedHosts:
    """`names` are exact, or `*.` and a domain: all names below it, but not itself."""

    def __init__(self, names: tuple[str, ...] = ()) -> None:
        self._names = frozenset(name for name in names if not name.startswith("*"))
        self._domains = tuple(name[1:] for name in names if name.startswith("*."))

    def checked(self, url: str, target: str | None = None) -> AllowedUrl:
        """`target` is the part of the request that has the URL. Raises SourceNotAllowed, and InvalidRequest for a text
        that is no such URL.
        """
        if not (self._names or self._domains):
            raise SourceNotAllowed(
                "This connector imports no files by their URLs. Its operator can name the hosts for it in the setting "
                "FILE_URL_HOSTS.",
                target=target,
            )
        parts = _parts(url, target)
        host = _ascii(parts.hostname or "")
        if not _NAME.fullmatch(host) or len(host) > _LONGEST_NAME:
            raise InvalidRequest(
                "The URL needs the name of a host, and not its address. Send one with a name.", target=target
            )
        if host not in self._names and not host.endswith(self._domains):
            raise SourceNotAllowed(
                f"Files may not be imported from the host {host}. Its operator can add it to the setting "
                "FILE_URL_HOSTS.",
                target=target,
            )
        path = quote(parts.path or "/", safe=_NOT_QUOTED)
        return AllowedUrl(host, f"{path}?{quote(parts.query, safe=_NOT_QUOTED)}" if parts.query else path)


def _parts(url: str, target: str | None) -> SplitResult:
    problem = "has a character that URLs do not have, such as a space, a backslash or a #"
    if not _REFUSED.search(url):
        problem = "cannot be read"
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError:
            pass
        else:
            if parts.scheme == "https" and "@" not in parts.netloc and port in (None, 443):
                return parts
            problem = "must begin with https:// and the name of a host, without a user name and with no port but 443"
    raise InvalidRequest(f"The URL {problem}. Send the https address of a file.", target=target)


def _ascii(host: str) -> str:
    """As DNS has it: in lower case, without the final dot. Empty for what cannot be a name."""
    try:
        name = host.encode("idna").decode().lower()
    except UnicodeError:
        return ""
    return name.removesuffix(".")
