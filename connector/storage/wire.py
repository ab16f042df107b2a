"""What requests and responses of Blob Storage look like: their XML, and the headers that state what a blob is.

Sources: "Get Blob Properties", "List Blobs", "Get Block List", "Put Block List" and "Get User Delegation Key" in the
REST reference of Blob Storage.
"""

import base64
import binascii
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import unquote
from xml.etree import ElementTree
from xml.etree.ElementTree import Element
from xml.sax.saxutils import escape

from .errors import unreadable_response

_METADATA = "x-ms-meta-"
_METADATA_NAME = re.compile("[a-z_][a-z0-9_]*")
_METADATA_VALUE = re.compile("[ -~]*")


COMMIT = "connector_commit"
"""The name of the metadata with which a blob states by which commit it was made."""


@dataclass(frozen=True)
class Blob:
    """`size` is in bytes. `etag` is quoted, as headers have it. The names of `metadata` are in lower case."""

    name: str
    size: int
    etag: str
    content_type: str
    last_modified: datetime
    metadata: Mapping[str, str]

    @property
    def commit_id(self) -> str | None:
        """That of the commit which has made it. None if another program has."""
        return self.metadata.get(COMMIT)


@dataclass(frozen=True)
class DelegationKey:
    """Signs URLs on behalf of the connector's identity. All members but `value` are parts of such URLs."""

    value: bytes
    object_id: str
    tenant_id: str
    start: str
    expiry: str
    service: str
    version: str

    @property
    def expires(self) -> datetime:
        return datetime.fromisoformat(self.expiry)


def block_list(block_ids: Sequence[str]) -> bytes:
    """The blocks of a blob, each of which must have been put since it was committed last."""
    entries = "".join(f"<Uncommitted>{encoded_block_id(block_id)}</Uncommitted>" for block_id in block_ids)
    return f'<?xml version="1.0" encoding="utf-8"?><BlockList>{entries}</BlockList>'.encode()


def key_info(start: str, expiry: str) -> bytes:
    """The lifetime of a delegation key."""
    times = f"<Start>{escape(start)}</Start><Expiry>{escape(expiry)}</Expiry>"
    return f'<?xml version="1.0" encoding="utf-8"?><KeyInfo>{times}</KeyInfo>'.encode()


def encoded_block_id(block_id: str) -> str:
    return base64.b64encode(block_id.encode()).decode()


def metadata_headers(metadata: Mapping[str, str]) -> dict[str, str]:
    """Names have lower-case letters, digits and underscores, and values are printable ASCII."""
    for name, value in metadata.items():
        if not _METADATA_NAME.fullmatch(name) or not _METADATA_VALUE.fullmatch(value):
            raise ValueError(f"the metadata {name} has a name or a value that headers cannot have")
    return {_METADATA + name: value for name, value in metadata.items()}


def read_properties(name: str, headers: Mapping[str, str]) -> Blob:
    """The blob of a response. Raises StorageRejected."""
    return Blob(
        name,
        _number(headers.get("Content-Length", "")),
        read_etag(headers),
        headers.get("Content-Type", "application/octet-stream"),
        _date(headers.get("Last-Modified", "")),
        {
            key.lower().removeprefix(_METADATA): value
            for key, value in headers.items()
            if key.lower().startswith(_METADATA)
        },
    )


def read_etag(headers: Mapping[str, str]) -> str:
    """Raises StorageRejected."""
    etag = headers.get("ETag")
    if not etag:
        raise unreadable_response()
    return etag


def read_uncommitted_blocks(content: bytes) -> list[tuple[str, int]]:
    """IDs and sizes. An ID that another program has chosen may stay encoded. Raises StorageRejected."""
    blocks = _parsed(content, "BlockList").iterfind("UncommittedBlocks/Block")
    return [(_decoded_block_id(_text(block, "Name")), _number(_text(block, "Size"))) for block in blocks]


def read_blobs(content: bytes) -> tuple[list[Blob], str]:
    """A page of a list, and the marker of the next: `""` after the last. Raises StorageRejected."""
    page = _parsed(content, "EnumerationResults")
    return list(_blobs(page)), page.findtext("NextMarker") or ""


def read_delegation_key(content: bytes) -> DelegationKey:
    """Raises StorageRejected."""
    key = _parsed(content, "UserDelegationKey")
    members = ("SignedOid", "SignedTid", "SignedStart", "SignedExpiry", "SignedService", "SignedVersion")
    try:
        value = base64.b64decode(_text(key, "Value"), validate=True)
        found = DelegationKey(value, *(_text(key, member) for member in members))
        if found.expires.tzinfo is None:
            raise ValueError("the time has no zone")
    except ValueError:
        raise unreadable_response() from None
    return found


def _blobs(page: Element) -> Iterator[Blob]:
    for blob in page.iterfind("Blobs/Blob"):
        name, etag = _element(blob, "Name"), _text(blob, "Properties/Etag")
        text = name.text or ""
        yield Blob(
            # Azure encodes names that have characters which XML cannot have.
            unquote(text) if name.get("Encoded") == "true" else text,
            _number(_text(blob, "Properties/Content-Length")),
            etag if etag.startswith('"') else f'"{etag}"',
            blob.findtext("Properties/Content-Type") or "application/octet-stream",
            _date(_text(blob, "Properties/Last-Modified")),
            {one.tag.lower(): one.text or "" for one in blob.iterfind("Metadata/*")},
        )


class _WithoutDoctype(ElementTree.TreeBuilder):
    """Responses have no document type, whose entities could make a small body a large tree."""

    def doctype(self, *_: object) -> None:
        raise ValueError("the document has a type")


def _parsed(content: bytes, root: str) -> Element:
    parser = ElementTree.XMLParser(target=_WithoutDoctype())
    try:
        parser.feed(content)
        element: Element = parser.close()
    except (ElementTree.ParseError, ValueError, LookupError):
        raise unreadable_response() from None
    if element.tag != root:
        raise unreadable_response()
    return element


def _element(parent: Element, path: str) -> Element:
    element = parent.find(path)
    if element is None:
        raise unreadable_response()
    return element


def _text(parent: Element, path: str) -> str:
    text = _element(parent, path).text
    if not text:
        raise unreadable_response()
    return text


def _number(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) < 19):
        raise unreadable_response()
    return int(text)


def _date(text: str) -> datetime:
    try:
        date = parsedate_to_datetime(text)
    except ValueError:
        raise unreadable_response() from None
    return date if date.tzinfo else date.replace(tzinfo=UTC)


def _decoded_block_id(encoded: str) -> str:
    try:
        return base64.b64decode(encoded, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return encoded
