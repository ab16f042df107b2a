"""What responses of storage mean, and what is no response of it."""

import base64

import pytest

from connector import errors
from connector.storage.wire import block_list, read_blobs, read_delegation_key, read_uncommitted_blocks

BLOB = (
    "<Blob>{name}<Properties><Last-Modified>Sat, 28 Nov 2026 05:00:00 GMT</Last-Modified><Etag>0x8D</Etag>"
    "<Content-Length>{size}</Content-Length><Content-Type>text/csv</Content-Type></Properties>"
    "<Metadata><Made_By>x</Made_By><empty /></Metadata></Blob>"
)
KEY = (
    "<UserDelegationKey><SignedOid>o</SignedOid><SignedTid>t</SignedTid><SignedStart>2026-11-28T05:00:00Z</SignedStart>"
    "<SignedExpiry>{expiry}</SignedExpiry><SignedService>b</SignedService><SignedVersion>2024-11-04</SignedVersion>"
    "<Value>{value}</Value></UserDelegationKey>"
)


def page(*blobs: str, marker: str = "") -> bytes:
    text = f"<EnumerationResults><Blobs>{''.join(blobs)}</Blobs><NextMarker>{marker}</NextMarker></EnumerationResults>"
    return f'\ufeff<?xml version="1.0" encoding="utf-8"?>{text}'.encode()


def test_a_list_has_names_sizes_and_metadata():
    """ETags are quoted, as they are in headers. Names that XML cannot have are encoded, and marked so."""
    plain = BLOB.format(name="<Name>a &amp; b%20 ü</Name>", size=7)
    encoded = BLOB.format(name='<Name Encoded="true">a%EF%BF%BF%20b</Name>', size=0)
    blobs, marker = read_blobs(page(plain, encoded, marker="2!88"))
    assert [(blob.name, blob.size, blob.etag) for blob in blobs] == [
        ("a & b%20 ü", 7, '"0x8D"'),
        ("a\uffff b", 0, '"0x8D"'),
    ]
    assert blobs[0].metadata == {"made_by": "x", "empty": ""}
    assert blobs[0].last_modified.isoformat() == "2026-11-28T05:00:00+00:00"
    assert marker == "2!88"


def test_block_ids_are_encoded_and_decoded():
    """One of another program that is no encoded text stays as it is."""
    assert block_list(["a", "ü"]).endswith(
        b"<BlockList><Uncommitted>YQ==</Uncommitted><Uncommitted>w7w=</Uncommitted></BlockList>"
    )
    names = (base64.b64encode(name).decode() for name in (b"a", "ü".encode(), b"\xff\xfe"))
    blocks = "".join(f"<Block><Name>{name}</Name><Size>3</Size></Block>" for name in names)
    content = f"<BlockList><UncommittedBlocks>{blocks}</UncommittedBlocks></BlockList>".encode()
    assert read_uncommitted_blocks(content) == [("a", 3), ("ü", 3), ("//4=", 3)]
    assert read_uncommitted_blocks(b"<BlockList><UncommittedBlocks /></BlockList>") == []


ENTITIES = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">]>'


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<html>sign in</html>",
        b"<EnumerationResults>",
        b"\xff\xfe\x00",
        b'<?xml version="1.0" encoding="nonsense"?><EnumerationResults/>',
        f"{ENTITIES}<EnumerationResults><Blobs>&b;</Blobs></EnumerationResults>".encode(),
        b'<!DOCTYPE x SYSTEM "file:///etc/passwd"><EnumerationResults/>',
        page(BLOB.format(name="", size=1)),
        page(BLOB.format(name="<Name>a</Name>", size="-1")),
        page(BLOB.format(name="<Name>a</Name>", size="1" * 30)),
        page(BLOB.format(name="<Name>a</Name>", size="\u0661")),
        page(BLOB.format(name="<Name>a</Name>", size=1).replace("Sat, 28", "Sat, 32")),
    ],
)
def test_what_is_no_list_is_refused(content):
    """Documents with a type too: their entities could make much of little, or read files."""
    with pytest.raises(errors.StorageRejected, match="cannot be understood"):
        read_blobs(content)


@pytest.mark.parametrize(
    ("expiry", "value"),
    [("soon", "YQ=="), ("2026-11-28T05:00:00", "YQ=="), ("2026-11-28T05:00:00Z", "no base64"), ("", "YQ==")],
)
def test_what_is_no_key_is_refused(expiry, value):
    """A key has an expiry with a zone, and is base64."""
    assert read_delegation_key(KEY.format(expiry="2026-11-28T13:00:00Z", value="YQ==").encode()).value == b"a"
    with pytest.raises(errors.StorageRejected, match="cannot be understood"):
        read_delegation_key(KEY.format(expiry=expiry, value=value).encode())


def test_a_deep_document_is_read():
    """Without an end of the stack."""
    deep = b"<x>" * 100_000 + b"</x>" * 100_000
    blobs, _ = read_blobs(b"<EnumerationResults>" + deep + b"<Blobs/></EnumerationResults>")
    assert blobs == []
