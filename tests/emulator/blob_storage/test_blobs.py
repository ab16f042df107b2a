"""Blobs: put, read in ranges, made of blocks, replaced on conditions, deleted."""

import base64
import hashlib
import uuid
import xml.etree.ElementTree as ElementTree

import pytest
import requests

from tests.emulator.blob_storage.conftest import Wire, block_id, code_of
from tests.emulator.session_pool.conftest import wait_until


@pytest.fixture
def path() -> str:
    """A blob that no other test uses."""
    return f"files/test-{uuid.uuid4()}"


def blocks(wire: Wire, path: str) -> tuple[list[tuple[str, int]], list[tuple[str, int]]]:
    """The committed and the uncommitted blocks of a blob."""
    response = wire.call("GET", path, params={"comp": "blocklist", "blocklisttype": "all"})
    assert response.status_code == 200, response.text
    root = ElementTree.fromstring(response.content)
    found = []
    for element in ("CommittedBlocks", "UncommittedBlocks"):
        entries = root.findall(f"{element}/Block")
        found.append(
            [
                (base64.b64decode(entry.findtext("Name", "")).decode(), int(entry.findtext("Size", "")))
                for entry in entries
            ]
        )
    return found[0], found[1]


def test_a_blob_has_what_it_was_put_with(wire, path):
    """Content, type, disposition, metadata and MD5; HEAD says the same as GET."""
    etag = wire.put(
        path,
        b"hello",
        **{
            "x-ms-blob-content-type": "text/csv",
            "x-ms-blob-content-disposition": 'attachment; filename="a.csv"',
            "x-ms-blob-cache-control": "no-store",
            "x-ms-meta-caller": "somebody",
        },
    )
    got, head = wire.call("GET", path), wire.call("HEAD", path)
    assert (got.status_code, got.content) == (200, b"hello")
    assert (head.status_code, head.content) == (200, b"")
    for response in (got, head):
        found = response.headers
        assert found["ETag"] == etag
        assert found["Content-Length"] == "5"
        assert found["Content-Type"] == "text/csv"
        assert found["Content-Disposition"] == 'attachment; filename="a.csv"'
        assert found["Cache-Control"] == "no-store"
        assert found["x-ms-meta-caller"] == "somebody"
        assert found["Content-MD5"] == base64.b64encode(hashlib.md5(b"hello").digest()).decode()
        assert found["x-ms-blob-type"] == "BlockBlob"
        assert found["Accept-Ranges"] == "bytes"
        assert found["Last-Modified"].endswith(" GMT")
        assert uuid.UUID(found["x-ms-request-id"])
        assert found["x-ms-version"] == "2024-11-04"


def test_ranges_are_read(wire, path):
    """A first and a last byte, or a first one alone; what is beyond the end is left out; x-ms-range wins."""
    wire.put(path, b"0123456789")
    for asked, content, answered in (
        ("bytes=0-3", b"0123", "bytes 0-3/10"),
        ("bytes=4-", b"456789", "bytes 4-9/10"),
        ("bytes=8-100", b"89", "bytes 8-9/10"),
        ("bytes=0-9", b"0123456789", "bytes 0-9/10"),
    ):
        for headers in ({"Range": asked}, {"x-ms-range": asked, "Range": "bytes=1-1"}):
            response = wire.call("GET", path, headers=headers)
            assert (response.status_code, response.content) == (206, content)
            assert response.headers["Content-Range"] == answered
            assert "Content-MD5" not in response.headers


@pytest.mark.parametrize("asked", ["bytes=10-", "bytes=10-20"])
def test_a_range_beyond_the_end(wire, path, asked):
    """416 with the size, for an empty blob too."""
    wire.put(path, b"0123456789")
    response = wire.call("GET", path, headers={"Range": asked})
    assert code_of(response) == (416, "InvalidRange")
    assert response.headers["Content-Range"] == "bytes */10"
    wire.put(path)
    assert code_of(wire.call("GET", path, headers={"Range": "bytes=0-"})) == (416, "InvalidRange")
    assert wire.call("GET", path).content == b""


@pytest.mark.parametrize("asked", ["bytes=-5", "bytes=5-4", "bytes=0-1,3-4", "lines=1-2", "bytes=a-b", "bytes=-"])
def test_other_ranges_are_refused(wire, path, asked):
    """The service takes one range, from a first byte on."""
    wire.put(path, b"0123456789")
    assert code_of(wire.call("GET", path, headers={"Range": asked})) == (400, "InvalidHeaderValue")


def test_a_range_of_many_blocks(wire, path):
    """Ranges go across blocks, and never read more."""
    content = bytes(range(256)) * 40
    for number in range(10):
        wire.put_block(path, f"{number:02}", content[number * 1024 : (number + 1) * 1024])
    wire.commit(path, *(f"{number:02}" for number in range(10)))
    for first, last in ((0, 0), (1023, 1024), (1000, 9000), (9216, 10239)):
        got = wire.call("GET", path, headers={"Range": f"bytes={first}-{last}"})
        assert got.content == content[first : last + 1]
    assert wire.call("GET", path).content == content


def test_reads_on_conditions(wire, path):
    """412 for another ETag than If-Match's, before the range is looked at; 304 for that of If-None-Match."""
    etag = wire.put(path, b"0123456789")
    assert wire.call("GET", path, headers={"If-Match": etag}).status_code == 200
    assert wire.call("GET", path, headers={"If-Match": "*"}).status_code == 200
    changed = wire.call("GET", path, headers={"If-Match": '"0x8D0000000000000"', "Range": "bytes=90-"})
    assert code_of(changed) == (412, "ConditionNotMet")
    unchanged = wire.call("GET", path, headers={"If-None-Match": etag})
    assert (unchanged.status_code, unchanged.content) == (304, b"")
    assert wire.call("HEAD", path, headers={"If-Match": '"x"'}).status_code == 412
    both = wire.call("GET", path, headers={"If-Match": etag, "If-None-Match": etag})
    assert code_of(both) == (400, "MultipleConditionHeadersNotSupported")


def test_reads_on_conditions_of_time(wire, path):
    """If-Modified-Since answers 304, If-Unmodified-Since 412."""
    wire.put(path, b"x")
    modified = wire.call("HEAD", path).headers["Last-Modified"]
    long_ago = "Sat, 01 Jan 2000 00:00:00 GMT"
    for name, value, status in (
        ("If-Modified-Since", modified, 304),
        ("If-Modified-Since", long_ago, 200),
        ("If-Unmodified-Since", modified, 200),
        ("If-Unmodified-Since", long_ago, 412),
        ("If-Unmodified-Since", "yesterday", 400),
    ):
        assert wire.call("GET", path, headers={name: value}).status_code == status, (name, value)


def test_writes_on_conditions(wire, path):
    """If-None-Match: * only creates, a 409 otherwise; If-Match only replaces that version, a 412 otherwise."""
    create = {"If-None-Match": "*", "x-ms-blob-type": "BlockBlob"}
    assert code_of(wire.call("PUT", path, data=b"1", headers={"If-Match": "*", **create})) == (
        400,
        "MultipleConditionHeadersNotSupported",
    )
    missing = wire.call("PUT", path, data=b"1", headers={"If-Match": "*", "x-ms-blob-type": "BlockBlob"})
    assert code_of(missing) == (412, "ConditionNotMet")
    first = wire.call("PUT", path, data=b"1", headers=create)
    assert first.status_code == 201
    assert code_of(wire.call("PUT", path, data=b"2", headers=create)) == (409, "BlobAlreadyExists")
    wire.put_block(path, "a", b"3")
    assert code_of(wire.commit(path, "a", **{"If-None-Match": "*"})) == (409, "BlobAlreadyExists")
    assert code_of(wire.commit(path, "a", **{"If-Match": '"0x8D"'})) == (412, "ConditionNotMet")
    assert wire.call("GET", path).content == b"1"
    second = wire.commit(path, "a", **{"If-Match": first.headers["ETag"]})
    assert second.status_code == 201
    assert second.headers["ETag"] != first.headers["ETag"]
    assert code_of(wire.call("DELETE", path, headers={"If-Match": first.headers["ETag"]})) == (412, "ConditionNotMet")
    assert wire.call("GET", path).content == b"3"
    assert wire.call("DELETE", path, headers={"If-Match": second.headers["ETag"]}).status_code == 202
    assert code_of(wire.call("GET", path)) == (404, "BlobNotFound")
    assert code_of(wire.call("DELETE", path)) == (404, "BlobNotFound")


def test_blocks_take_no_conditions(wire, path):
    """400, and not a condition that is silently not heeded."""
    assert code_of(wire.put_block(path, "a", b"1", **{"If-Match": "*"})) == (400, "ConditionHeadersNotSupported")


def test_blocks_are_a_blob_when_they_are_committed(wire, path):
    """Before, there is no blob, and afterwards no uncommitted block, not even one that the list left out."""
    for identifier, content in (("01", b"one"), ("02", b"two"), ("03", b"three")):
        assert wire.put_block(path, identifier, content).status_code == 201
    assert code_of(wire.call("GET", path)) == (404, "BlobNotFound")
    assert blocks(wire, path) == ([], [("01", 3), ("02", 3), ("03", 5)])
    wire.commit(path, "02", "01", **{"x-ms-blob-content-type": "text/plain", "x-ms-meta-a": "b"})
    got = wire.call("GET", path)
    assert got.content == b"twoone"
    assert (got.headers["Content-Type"], got.headers["x-ms-meta-a"]) == ("text/plain", "b")
    assert blocks(wire, path) == ([("02", 3), ("01", 3)], [])


def test_a_list_says_where_blocks_are_taken_from(wire, path):
    """Committed, uncommitted, or the latest of both; a block that is not there fails the whole list."""
    wire.put_block(path, "1", b"old")
    wire.commit(path, "1")
    wire.put_block(path, "1", b"new")
    for where in ("Uncommitted 2", "Committed 2", "Latest 2"):
        assert code_of(wire.commit(path, "1", where)) == (400, "InvalidBlockList")
    assert wire.call("GET", path).content == b"old"
    wire.commit(path, "Committed 1", "Uncommitted 1", "Latest 1")
    assert wire.call("GET", path).content == b"oldnewnew"
    assert code_of(wire.commit(path, "Uncommitted 1")) == (400, "InvalidBlockList")


def test_an_empty_list_is_an_empty_blob(wire, path):
    """Also where there was another."""
    wire.put(path, b"something")
    assert wire.commit(path).status_code == 201
    assert (wire.call("GET", path).content, blocks(wire, path)) == (b"", ([], []))


def test_ids_of_a_blobs_blocks_have_one_length(wire, path):
    """As they are sent, in base64; of uncommitted and committed ones: another length is a 400."""
    wire.put_block(path, "0001", b"1")
    assert code_of(wire.put_block(path, "0000002", b"2")) == (400, "InvalidBlobOrBlock")
    wire.commit(path, "0001")
    assert code_of(wire.put_block(path, "0000002", b"2")) == (400, "InvalidBlobOrBlock")
    wire.put(path, b"whole")
    assert wire.put_block(path, "0000002", b"2").status_code == 201


@pytest.mark.parametrize("identifier", ["", "a", "a===", "AAAA AAAA", "ä", block_id("x" * 65)])
def test_invalid_ids_of_blocks(wire, path, identifier):
    """Base64 of 1 to 64 bytes."""
    refused = wire.call("PUT", path, params={"comp": "block", "blockid": identifier}, data=b"1")
    expected = "InvalidQueryParameterValue" if identifier else "MissingRequiredQueryParameter"
    assert code_of(refused) == (400, expected)


def test_an_empty_block_is_refused(wire, path):
    """400, as a blob without content needs no block."""
    assert code_of(wire.put_block(path, "a", b"")) == (400, "InvalidHeaderValue")


def test_a_block_replaces_the_one_with_its_id(wire, path):
    """A part that is sent again, because its answer was lost, counts once."""
    wire.put_block(path, "1", b"lost")
    wire.put_block(path, "1", b"found")
    assert blocks(wire, path) == ([], [("1", 5)])
    wire.commit(path, "1")
    assert wire.call("GET", path).content == b"found"


def test_the_announced_md5_is_checked(wire, path):
    """Of blocks, lists and blobs: another content is a 400 and has no effect."""
    right = base64.b64encode(hashlib.md5(b"content").digest()).decode()
    assert code_of(wire.put_block(path, "1", b"c0ntent", **{"Content-MD5": right})) == (400, "Md5Mismatch")
    assert wire.put_block(path, "1", b"content", **{"Content-MD5": right}).headers["Content-MD5"] == right
    assert code_of(wire.commit(path, "1", **{"Content-MD5": right})) == (400, "Md5Mismatch")
    blob = {"x-ms-blob-type": "BlockBlob"}
    for name in ("Content-MD5", "x-ms-blob-content-md5"):
        assert code_of(wire.call("PUT", path, data=b"other", headers={name: right, **blob})) == (400, "Md5Mismatch")
        assert code_of(wire.call("PUT", path, data=b"x", headers={name: "AAAA", **blob})) == (400, "InvalidMd5")
    assert code_of(wire.call("GET", path)) == (404, "BlobNotFound")


def test_a_reader_gets_one_version(start_wire):
    """A blob that is replaced or deleted while it is read is read to its end, and its files are then gone."""
    wire = start_wire()
    content = b"0123456789abcdef" * (1 << 20)
    wire.put("files/large", content)
    with requests.get(
        f"{wire.server.url}/files/large",
        headers={"x-ms-version": "2024-11-04", "Authorization": f"Bearer {wire.token}"},
        stream=True,
        timeout=30,
    ) as response:
        got = response.raw.read(1000)
        wire.put("files/large", b"new")
        assert wire.call("DELETE", "files/large").status_code == 202
        got += response.raw.read()
    assert got == content
    assert list(wire.server.account.blocks.iterdir()) == []


def test_a_reader_that_goes_away_holds_nothing(start_wire):
    """A blob whose download was broken off can be deleted with its files."""
    wire = start_wire()
    wire.put("files/large", b"x" * (16 << 20))
    (block,) = (block for _, block in wire.server.account.container("files").blob("large").blocks)
    with requests.get(
        f"{wire.server.url}/files/large",
        headers={"x-ms-version": "2024-11-04", "Authorization": f"Bearer {wire.token}"},
        stream=True,
        timeout=30,
    ) as response:
        response.raw.read(1000)
        assert block.holders == 2
    wait_until(lambda: block.holders == 1)
    wire.call("DELETE", "files/large")
    assert list(wire.server.account.blocks.iterdir()) == []


def test_metadata_has_names_of_identifiers_and_a_limit(wire, path):
    """400 with its own code for each."""
    blob = {"x-ms-blob-type": "BlockBlob"}
    for name, value, code in (
        ("x-ms-meta-", "a", "EmptyMetadataKey"),
        ("x-ms-meta-1a", "a", "InvalidMetadata"),
        ("x-ms-meta-a-b", "a", "InvalidMetadata"),
        ("x-ms-meta-a", "x" * 9000, "MetadataTooLarge"),
    ):
        assert code_of(wire.call("PUT", path, data=b"1", headers={name: value, **blob})) == (400, code)


def test_other_types_of_blobs_are_not_implemented(wire, path):
    """501 and not a block blob instead; without a type, a 400."""
    for kind, expected in (
        ("PageBlob", (501, "NotImplemented")),
        ("AppendBlob", (501, "NotImplemented")),
        ("blockblob", (400, "InvalidHeaderValue")),
        (None, (400, "MissingRequiredHeader")),
    ):
        assert code_of(wire.call("PUT", path, data=b"1", headers={"x-ms-blob-type": kind})) == expected
