"""Containers, and the lists of their blobs."""

import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator

import pytest

from emulator.blob_storage.account import Properties
from tests.conftest import emulated_storage
from tests.emulator.blob_storage.conftest import Wire, code_of

LIST = {"restype": "container", "comp": "list"}


def listed(wire: Wire, container: str, **query: str) -> tuple[list[str], str]:
    """The names and prefixes of one page, and the marker of the next."""
    response = wire.call("GET", container, params={**LIST, **query})
    assert response.status_code == 200, response.text
    assert response.content.startswith(b"\xef\xbb\xbf<?xml ")
    root = ElementTree.fromstring(response.content)
    assert root.get("ContainerName") == container
    return [element.findtext("Name", "") for element in root.findall("Blobs/*")], root.findtext("NextMarker") or ""


@pytest.fixture(scope="module")
def thousand(emulator) -> Iterator[Wire]:
    """An account whose container `files` has a thousand blobs and some more, in folders."""
    with emulated_storage(emulator.authority) as running:
        names = [f"many/{number:04}" for number in range(1000)]
        names += ["A", "a", "a/1", "a/2", "a//b", "ä", "😀", "&<>\"'", "b/1/x", "b/2/x", "with space"]
        container = running.server.account.container("files")
        for name in names:
            container.commit(name, [], Properties(), running.server.clock.now())
        yield Wire(running.server)


def test_pages_have_each_blob_once(thousand):
    """In the order of names, whatever the size of pages; the marker leads to the next page."""
    for size in (1, 7, 300):
        prefix = "many/" if size > 1 else "many/00"
        found, marker = [], ""
        while True:
            names, marker = listed(thousand, "files", prefix=prefix, maxresults=str(size), marker=marker)
            assert len(names) == size or not marker
            found += names
            if not marker:
                break
        assert found == [f"many/{number:04}" for number in range(1000 if size > 1 else 100)]


def test_all_is_one_page(thousand):
    """Up to 5,000 names, also if more are asked for."""
    for query in ({}, {"maxresults": "5000"}, {"maxresults": "1000000"}):
        names, marker = listed(thousand, "files", **query)
        assert (len(names), marker) == (1011, "")
        assert names == sorted(names)


def test_a_prefix_is_compared_as_it_is(thousand):
    """Case, slashes and characters count."""
    assert listed(thousand, "files", prefix="a")[0] == ["a", "a//b", "a/1", "a/2"]
    assert listed(thousand, "files", prefix="A")[0] == ["A"]
    assert listed(thousand, "files", prefix="a//")[0] == ["a//b"]
    assert listed(thousand, "files", prefix="😀")[0] == ["😀"]
    assert listed(thousand, "files", prefix="&<>")[0] == ["&<>\"'"]
    assert listed(thousand, "files", prefix="none") == ([], "")


def test_a_delimiter_makes_folders(thousand):
    """What is behind it is one prefix, on whichever page."""
    assert listed(thousand, "files", prefix="b/", delimiter="/")[0] == ["b/1/", "b/2/"]
    names, marker = listed(thousand, "files", delimiter="/", maxresults="3")
    while marker:
        more, marker = listed(thousand, "files", delimiter="/", maxresults="3", marker=marker)
        names += more
    assert names == sorted(["A", "a", "a/", "ä", "😀", "&<>\"'", "b/", "many/", "with space"])


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({"maxresults": "0"}, "OutOfRangeQueryParameterValue"),
        ({"maxresults": "-1"}, "OutOfRangeQueryParameterValue"),
        ({"maxresults": "x"}, "InvalidQueryParameterValue"),
        ({"marker": "many/0500"}, "InvalidQueryParameterValue"),
        ({"marker": "2!%%%"}, "InvalidQueryParameterValue"),
        ({"else": "1"}, "UnsupportedQueryParameter"),
    ],
)
def test_invalid_lists(wire, query, code):
    """400, with the parameter's name."""
    response = wire.call("GET", "files", params={**LIST, **query})
    assert code_of(response) == (400, code)
    assert ElementTree.fromstring(response.content).findtext("QueryParameterName") == next(iter(query))


def test_a_list_has_properties_and_metadata(start_wire):
    """Metadata on request; everything else that can be included is not implemented."""
    wire = start_wire()
    etag = wire.put("files/a", b"12345", **{"x-ms-blob-content-type": "text/plain", "x-ms-meta-x": "y"})
    wire.put_block("files/b", "1", b"1")
    response = wire.call("GET", "files", params={**LIST, "include": "metadata"})
    (blob,) = ElementTree.fromstring(response.content).findall("Blobs/Blob")
    assert blob.findtext("Properties/Content-Length") == "5"
    assert blob.findtext("Properties/Content-Type") == "text/plain"
    assert blob.findtext("Properties/BlobType") == "BlockBlob"
    assert f'"{blob.findtext("Properties/Etag")}"' == etag
    assert blob.findtext("Properties/Last-Modified") == wire.call("HEAD", "files/a").headers["Last-Modified"]
    assert blob.findtext("Metadata/x") == "y"
    for include in ("uncommittedblobs", "metadata,snapshots", "versions"):
        assert code_of(wire.call("GET", "files", params={**LIST, "include": include})) == (501, "NotImplemented")


def test_containers_are_created_once_and_deleted_with_their_blobs(start_wire):
    """201 and then 409; 202 and then 404 for everything in it."""
    wire = start_wire()
    container = {"restype": "container"}
    created = wire.call("PUT", "more", params=container)
    assert created.status_code == 201
    assert code_of(wire.call("PUT", "more", params=container)) == (409, "ContainerAlreadyExists")
    assert wire.call("HEAD", "more", params=container).headers["ETag"] == created.headers["ETag"]
    wire.put("more/a", b"1")
    wire.put_block("more/b", "1", b"1")
    assert wire.call("DELETE", "more", params=container).status_code == 202
    assert list(wire.server.account.blocks.iterdir()) == []
    for method, path, query in (
        ("GET", "more", container),
        ("DELETE", "more", container),
        ("GET", "more", LIST),
        ("GET", "more/a", {}),
        ("PUT", "more/b", {"comp": "block", "blockid": "AAAA"}),
    ):
        assert code_of(wire.call(method, path, params=query, data=b"1"))[1] in ("ContainerNotFound", "")
    assert wire.call("PUT", "more", params=container).status_code == 201


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("ab", "OutOfRangeInput"),
        ("a" * 64, "OutOfRangeInput"),
        ("Files", "InvalidResourceName"),
        ("a--b", "InvalidResourceName"),
        ("-ab", "InvalidResourceName"),
        ("ab-", "InvalidResourceName"),
        ("a_b", "InvalidResourceName"),
        ("$root", "InvalidResourceName"),
        ("%2e%2e%2e", "InvalidResourceName"),
        ("a%00b", "InvalidResourceName"),
    ],
)
def test_names_of_containers(wire, name, code):
    """3 to 63 small letters, digits and single hyphens."""
    assert wire.raw("PUT", f"/devstoreaccount1/{name}?restype=container") == (400, code)
