"""Files of other hosts, by their https addresses: complete, or in ranges of one version.

Nothing of the connector or its caller is sent there: no token, no cookies, no ids. There are no proxies and no
redirects. Errors state neither a host's addresses nor its statuses, so that nobody can look around with them.
"""

import contextlib
import email.message
import http.client
import re
from collections.abc import Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self
from urllib.parse import unquote, urlsplit

import requests
import urllib3
from requests.structures import CaseInsensitiveDict

from ..errors import BlobChanged, SourceUnavailable
from ..telemetry import open_telemetry
from .allowed_hosts import AllowedHosts, AllowedUrl
from .connections import AttemptTimeout
from .deadlines import Deadline, Deadlines
from .public_addresses import PublicAdapter

_HEADERS = {"User-Agent": "code-interpreter-connector", "Accept": "*/*", "Accept-Encoding": "identity"}
_CONTENT_RANGE = re.compile(r"bytes ([0-9]{1,18})-([0-9]{1,18})/([0-9]{1,18})")
_LENGTH = re.compile("[0-9]{1,18}")
_PAGES = ("text/html", "application/xhtml+xml")
_ENDINGS_OF_PAGES = (".html", ".htm", ".xhtml")
_LOST = (requests.RequestException, urllib3.exceptions.HTTPError, http.client.HTTPException, OSError)
_PASSING = (408, 425, 429)
_LONGEST_DISPOSITION = 4_000
"""Characters of the header that are read: the time for it grows with their square."""


class SourceRefused(SourceUnavailable):
    """The host has responded, and would respond in the same way again."""

    @property
    def code(self) -> str:
        return SourceUnavailable.__name__


@dataclass(frozen=True)
class FileVersion:
    """The headers ETag and Last-Modified of a file; None where the host sends none."""

    etag: str | None
    last_modified: str | None

    @property
    def is_known(self) -> bool:
        return self.etag is not None or self.last_modified is not None

    def conditions(self) -> dict[str, str]:
        """The headers of a request for a range of this version. Weak ETags are never equal in conditions."""
        if self.etag is not None and not self.etag.startswith("W/"):
            return {"If-Match": self.etag, "If-Range": self.etag}
        return {} if self.last_modified is None else {"If-Unmodified-Since": self.last_modified}


class OpenFile:
    """A response whose body has not been read. To be closed, as by a `with` block.

    `size` is that of the complete file, None if the host does not state it. The body has the first `length` bytes of
    it, None if that is unknown; if the host `serves_ranges`, there may be more, which are read with `FileUrls.read`.
    """

    def __init__(self, url: str, response: requests.Response, size: int | None, length: int | None) -> None:
        self.size, self.length = size, length
        self.serves_ranges = response.status_code == 206
        self.version = _version(response)
        self.is_page = _is_page(response)
        self.name = _name_in(response) or unquote(urlsplit(url).path.rpartition("/")[2])
        """What the host or its URL calls it; may be empty, and have any characters."""
        self._response = response
        self._left = length

    def read(self, most_bytes: int) -> bytes:
        """The next bytes of the body: fewer than `most_bytes` only at its end. Raises SourceUnavailable.

        What follows its stated `length` is not read: callers have counted no memory for it.
        """
        if self._left is not None:
            most_bytes = min(most_bytes, self._left)
        if not most_bytes:
            return b""
        with _unavailable_when_lost():
            content: bytes = self._response.raw.read(most_bytes, decode_content=False)
        if self._left is not None:
            self._left -= len(content)
        return content

    def close(self) -> None:
        self._response.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None) -> None:
        self.close()


class FileUrls:
    """One per process; safe to use from as many threads as it has `connections`."""

    certificates: str | bool = True
    """Whose certificates are trusted: a file of them, or True for those that browsers trust."""

    def __init__(self, hosts: AllowedHosts, *, connections: int = 16, deadlines: Deadlines | None = None) -> None:
        self._hosts = hosts
        self._deadlines = deadlines or Deadlines()
        self._adapter = PublicAdapter(connections)

    def open(self, url: str, *, deadline: Deadline, first_bytes: int, target: str | None = None) -> OpenFile:
        """The beginning of the file: its `first_bytes` if the host serves ranges of one version, or all of it.

        Raises SourceNotAllowed, InvalidRequest, SourceUnavailable, and SourceRefused for what will not change.
        """
        allowed = self._hosts.checked(url, target)
        wanted = {"Range": f"bytes=0-{first_bytes - 1}"}
        response = self._get(allowed, deadline, wanted, accepted=(200, 206, 416))
        if response.status_code == 206:
            opened = _opened_range(allowed, response)
            if opened is not None and (opened.version.is_known or opened.size == opened.length):
                return opened
        if response.status_code != 200:  # an empty file has no ranges
            response.close()
            response = self._get(allowed, deadline, {}, accepted=(200,))
        stated = response.headers.get("Content-Length", "")
        length = int(stated) if _LENGTH.fullmatch(stated) and "Transfer-Encoding" not in response.headers else None
        return OpenFile(allowed.url, response, length, length)

    def read(self, url: str, version: FileVersion, first: int, last: int, *, size: int, deadline: Deadline) -> bytes:
        """The bytes from `first` to `last` of the file, which had this version and `size` when it was opened.

        Raises BlobChanged for another version, and what `open` raises.
        """
        allowed = self._hosts.checked(url)
        headers = {"Range": f"bytes={first}-{last}", **version.conditions()}
        response = self._get(allowed, deadline, headers, accepted=(200, 206, 412, 416))
        with contextlib.closing(response):
            expected = f"bytes {first}-{last}/{size}"
            is_same = response.headers.get("Content-Range", "").strip() == expected and _version(response) == version
            if response.status_code != 206 or not is_same:
                raise BlobChanged(
                    "The file at the URL was changed while it was imported, and nothing of it was stored. Import it "
                    "again.",
                    target="fileUrl",
                )
            with _unavailable_when_lost():
                content: bytes = response.raw.read(last + 1 - first, decode_content=False)
            if len(content) != last + 1 - first:
                raise unavailable()
            return content

    def _get(
        self, allowed: AllowedUrl, deadline: Deadline, headers: dict[str, str], *, accepted: tuple[int, ...]
    ) -> requests.Response:
        request = requests.PreparedRequest()
        request.method, request.url = "GET", allowed.url
        request.headers = CaseInsensitiveDict({**_HEADERS, **headers})
        timeouts: Any = AttemptTimeout(
            deadline, connect=self._deadlines.connect_seconds, read=self._deadlines.read_seconds
        )
        if not deadline.left:
            raise unavailable()
        with _unavailable_when_lost(), open_telemetry.without_spans():
            response = self._adapter.send(request, True, timeouts, self.certificates, proxies={})
        if response.status_code in accepted and _encoding(response) in ("", "identity"):
            return response
        response.close()
        raise _refusal(response) from HostResponded(response.status_code)


class HostResponded(Exception):
    """The cause of an error, for the log, which has its status."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


def unavailable() -> SourceUnavailable:
    return SourceUnavailable(
        "The file could not be fetched from its host. Check that its URL is complete, has not expired, and can be "
        "downloaded without signing in; if so, try again."
    )


def _refusal(response: requests.Response) -> SourceUnavailable:
    """The error for a response that is not the file."""
    if 300 <= response.status_code < 400:
        return SourceRefused(
            "The host redirects this URL to another one, and redirects are not followed. Send the URL that the "
            "download ends at; for SharePoint and OneDrive, the @microsoft.graph.downloadUrl of the item."
        )
    if 200 <= response.status_code < 300:
        return SourceRefused(
            "The host sends the file in an encoding, which the connector does not undo. Store it there without a "
            "Content-Encoding."
        )
    if response.status_code >= 500 or response.status_code in _PASSING:
        return unavailable()
    return SourceRefused(unavailable().message)


def _opened_range(allowed: AllowedUrl, response: requests.Response) -> OpenFile | None:
    """None for a range that was not requested."""
    found = _CONTENT_RANGE.fullmatch(response.headers.get("Content-Range", "").strip())
    if found is None or int(found[1]) != 0 or int(found[2]) >= int(found[3]):
        return None
    return OpenFile(allowed.url, response, int(found[3]), int(found[2]) + 1)


def _version(response: requests.Response) -> FileVersion:
    return FileVersion(response.headers.get("ETag"), response.headers.get("Last-Modified"))


def _is_page(response: requests.Response) -> bool:
    return response.headers.get("Content-Type", "").partition(";")[0].strip().lower() in _PAGES


def is_page_name(name: str) -> bool:
    """Whether a file of this name is a web page."""
    return name.lower().endswith(_ENDINGS_OF_PAGES)


def _encoding(response: requests.Response) -> str:
    return response.headers.get("Content-Encoding", "").strip().lower()


def _name_in(response: requests.Response) -> str:
    """That of the header Content-Disposition, without folders."""
    stated = response.headers.get("Content-Disposition", "")[:_LONGEST_DISPOSITION]
    with contextlib.suppress(UnicodeError):  # http.client reads headers as Latin-1, and many hosts send UTF-8
        stated = stated.encode("latin-1").decode()
    message = email.message.Message()
    message["Content-Disposition"] = stated.replace("\r", " ").replace("\n", " ")
    try:
        name = message.get_filename() or ""
    except (ValueError, TypeError, LookupError):  # pieces in disorder, and names of encodings that are not of texts
        return ""
    return re.split(r"[/\\]", name)[-1]


@contextlib.contextmanager
def _unavailable_when_lost() -> Iterator[None]:
    """Raises SourceUnavailable instead of what libraries raise."""
    try:
        yield
    except _LOST as failure:
        raise unavailable() from failure
