"""One request, as the operations read it: its place, its parameters, its headers and its body, all checked."""

import base64
import binascii
import hashlib
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from urllib.parse import unquote_plus

from starlette.requests import Request

from .account import Account, Blob, Container, Properties
from .clock import http_date
from .content import Block, TooShort, WrongDigest, received
from .delegation_keys import DelegationKeys
from .errors import StorageError
from .names import Place

_PROPERTY_HEADERS = {
    "x-ms-blob-cache-control": "Cache-Control",
    "x-ms-blob-content-disposition": "Content-Disposition",
    "x-ms-blob-content-encoding": "Content-Encoding",
    "x-ms-blob-content-language": "Content-Language",
    "x-ms-blob-content-md5": "Content-MD5",
    "x-ms-blob-content-type": "Content-Type",
}
PROPERTY_HEADERS = frozenset(_PROPERTY_HEADERS)
DEFAULT_TYPE = "application/octet-stream"

_METADATA = "x-ms-meta-"
_METADATA_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_MOST_METADATA = 8 << 10


@dataclass(frozen=True)
class Caller:
    """Who sends a request: an identity by its object ID. `overrides` are the headers that a signature sets."""

    object_id: str
    tenant_id: str
    overrides: dict[str, str]


@dataclass(frozen=True)
class Call:
    http: Request
    place: Place
    query: dict[str, str]
    headers: dict[str, str]
    """By names in small letters; each occurs once."""

    version: str
    caller: Caller
    account: Account
    keys: DelegationKeys

    @property
    def container(self) -> Container:
        """Raises StorageError."""
        return self.account.container(self.place.container)

    def blob(self) -> Blob:
        """Raises StorageError."""
        return self.container.blob(self.place.blob)

    def length(self, most: int) -> int:
        """Of the body. Raises StorageError."""
        if "transfer-encoding" in self.headers or "content-length" not in self.headers:
            raise StorageError("MissingContentLengthHeader")
        length = int(self.headers["content-length"])
        if length > most:
            raise StorageError("RequestBodyTooLarge", MaxLimit=str(most))
        return length

    async def body(self, most: int) -> bytes:
        """One that is small, checked against Content-MD5. Raises StorageError."""
        length = self.length(most)
        body = b"".join([piece async for piece in self._pieces()])
        if len(body) != length:
            raise StorageError("InvalidHeaderValue", HeaderName="Content-Length", HeaderValue=str(length))
        announced = self.md5("content-md5")
        if announced is not None and (actual := hashlib.md5(body, usedforsecurity=False).digest()) != announced:
            raise _mismatch(announced, actual)
        return body

    async def content(self, most: int, *, with_digest: bool = False) -> tuple[Block, bytes]:
        """One of any size, into a file, and its MD5 on request. Raises StorageError."""
        announced = self.md5("content-md5")
        length = self.length(most)
        pieces = self._pieces()
        try:
            return await received(self.account.blocks, pieces, length, announced, with_digest=with_digest)
        except TooShort:
            raise StorageError("InvalidHeaderValue", HeaderName="Content-Length", HeaderValue=str(length)) from None
        except WrongDigest as wrong:
            raise _mismatch(announced or b"", wrong.args[0]) from None

    def md5(self, header: str) -> bytes | None:
        """Raises StorageError."""
        if header not in self.headers:
            return None
        try:
            digest = base64.b64decode(self.headers[header], validate=True)
        except (binascii.Error, ValueError):
            raise StorageError("InvalidMd5") from None
        if len(digest) != 16:
            raise StorageError("InvalidMd5")
        return digest

    def properties(self, *, content_type: str = "") -> Properties:
        """What the headers state of a blob. Raises StorageError."""
        self.md5("x-ms-blob-content-md5")
        headers = {}
        for name, property_name in _PROPERTY_HEADERS.items():
            if self.headers.get(name):
                headers[property_name] = self.headers[name]
        headers.setdefault("Content-Type", content_type or DEFAULT_TYPE)
        metadata = {}
        for header, value in self.headers.items():
            if header.startswith(_METADATA):
                name = header.removeprefix(_METADATA)
                if not name:
                    raise StorageError("EmptyMetadataKey")
                if not _METADATA_NAME.fullmatch(name) or not value.isascii():
                    raise StorageError("InvalidMetadata")
                metadata[name] = value
        if sum(len(name) + len(value) for name, value in metadata.items()) > _MOST_METADATA:
            raise StorageError("MetadataTooLarge")
        return Properties(headers, metadata)

    def number(self, name: str, *, least: int, most: int) -> int | None:
        """A parameter of the query. Raises StorageError."""
        text = self.query.get(name)
        if text is None:
            return None
        if not re.fullmatch(r"-?\d{1,9}", text):
            raise StorageError("InvalidQueryParameterValue", QueryParameterName=name, QueryParameterValue=text[:100])
        if not least <= int(text) <= most:
            raise StorageError(
                "OutOfRangeQueryParameterValue",
                QueryParameterName=name,
                QueryParameterValue=text,
                MinimumAllowed=str(least),
                MaximumAllowed=str(most),
            )
        return int(text)

    def _pieces(self) -> AsyncIterator[bytes]:
        return self.http.stream()


def headers_of(request: Request) -> dict[str, str]:
    """Raises StorageError if one occurs twice."""
    headers: dict[str, str] = {}
    for name, value in request.headers.items():
        if name in headers:
            raise StorageError("InvalidHeaderValue", HeaderName=name)
        headers[name] = value
    return headers


def query_of(request: Request) -> dict[str, str]:
    """By names; each occurs once. Raises StorageError."""
    query: dict[str, str] = {}
    for part in filter(None, request.scope["query_string"].split(b"&")):
        try:
            name, _, value = (unquote_plus(text.decode("latin-1"), errors="strict") for text in part.partition(b"="))
        except UnicodeDecodeError:
            raise StorageError("InvalidUri") from None
        if name in query or "\x00" in value:
            raise StorageError("InvalidQueryParameterValue", QueryParameterName=name[:100])
        query[name] = value
    return query


def state_headers(etag: str, blob_or_container: Blob | Container) -> dict[str, str]:
    return {"ETag": f'"{etag}"', "Last-Modified": http_date(blob_or_container.modified)}


def _mismatch(announced: bytes, actual: bytes) -> StorageError:
    return StorageError(
        "Md5Mismatch",
        UserSpecifiedMd5=base64.b64encode(announced).decode(),
        ServerCalculatedMd5=base64.b64encode(actual).decode(),
    )
