"""Requests that a careful server refuses: hostile names, false lengths, huge and tricky bodies, unknown options."""

import contextlib
import http.client
import socket
import uuid
from urllib.parse import urlsplit

import pytest

from tests.emulator.blob_storage.conftest import ACCOUNT, Wire, block_id, code_of
from tests.emulator.session_pool.conftest import wait_until

LIST = "?restype=container&comp=list"


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("../x", "InvalidUri"),
        ("a/../../imports/x", "InvalidUri"),
        ("..", "InvalidUri"),
        ("./x", "InvalidUri"),
        ("a/.", "InvalidUri"),
        ("%2e%2e", "InvalidUri"),
        ("%2e%2e%2fx", "InvalidUri"),
        ("a/%2E./x", "InvalidUri"),
        ("a\\x", "InvalidUri"),
        ("a%5Cx", "InvalidUri"),
        ("..%5c..%5cx", "InvalidUri"),
        ("a%00", "InvalidUri"),
        ("%00", "InvalidUri"),
        ("a%0a", "InvalidUri"),
        ("a%7F", "InvalidUri"),
        ("a%C2%81", "InvalidUri"),
        ("%FF", "InvalidUri"),
        ("%C0%AE%C0%AE/x", "InvalidUri"),
        ("%ED%A0%80", "InvalidUri"),
        ("%", "InvalidUri"),
        ("%zz", "InvalidUri"),
        ("x" * 1025, "OutOfRangeInput"),
        ("%C3%A4" * 1025, "OutOfRangeInput"),
        ("x/" * 254 + "x", "OutOfRangeInput"),
    ],
)
def test_hostile_names_are_refused(wire, name, code):
    """400 for reading and writing, and there is no such blob."""
    before = wire.call("GET", f"files{LIST}").content.count(b"<Blob>")
    for method, headers in (("GET", {}), ("PUT", {"x-ms-blob-type": "BlockBlob"}), ("DELETE", {})):
        assert wire.raw(method, f"/{ACCOUNT}/files/{name}", b"1" if headers else b"", **headers) == (400, code)
    assert wire.call("GET", f"files{LIST}").content.count(b"<Blob>") == before


@pytest.mark.parametrize(
    ("target", "name"),
    [
        ("a//b", "a//b"),
        ("/a", "/a"),
        ("a/", "a/"),
        ("...", "..."),
        ("..a/b..", "..a/b.."),
        ("%252e%252e", "%2e%2e"),
        ("a%2Fb", "a/b"),
        ("a+b", "a+b"),
        ("a%20b", "a b"),
        ("%E2%80%AE", "\u202e"),
        ("CON", "CON"),
        ("c:%7Cx", "c:|x"),
        ("x" * 1024, "x" * 1024),
        ("%F0%9F%98%80" * 1024, "😀" * 1024),
        ("x/" * 253 + "x", "x/" * 253 + "x"),
    ],
)
def test_unusual_names_are_names(start_wire, target, name):
    """Decoded once, and listed as they are; none is a path on this machine."""
    wire = start_wire()
    headers = {"x-ms-blob-type": "BlockBlob"}
    assert wire.raw("PUT", f"/{ACCOUNT}/files/{target}", b"1", **headers) == (201, "")
    assert list(wire.server.account.container("files").blobs) == [name]
    assert wire.raw("GET", f"/{ACCOUNT}/files/{target}") == (200, "")
    files = [path for path in wire.server.account.blocks.parent.rglob("*") if path.is_file()]
    assert len(files) == 3, "the lock, the blob's bytes, and what describes it"
    assert all(len(path.name) <= 69 for path in files)


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("/", (404, "ResourceNotFound")),
        ("/other/files/a", (404, "ResourceNotFound")),
        (f"//{ACCOUNT}/files/a", (404, "ResourceNotFound")),
        (f"/{ACCOUNT}//a", (400, "InvalidUri")),
        (f"/{ACCOUNT}/..", (400, "OutOfRangeInput")),
        (f"/{ACCOUNT}/...", (400, "InvalidResourceName")),
        (f"/{ACCOUNT}", (501, "NotImplemented")),
        (f"/{ACCOUNT}/?comp=list", (501, "NotImplemented")),
        (f"/{ACCOUNT}/files/a?%FF=1", (400, "InvalidUri")),
        (f"/{ACCOUNT}/files/a?a=%00", (400, "InvalidQueryParameterValue")),
        (f"/{ACCOUNT}/files/a?snapshot=2026-01-01T00:00:00.0000000Z", (501, "NotImplemented")),
        (f"/{ACCOUNT}/files/a?comp=metadata", (501, "NotImplemented")),
        (f"/{ACCOUNT}/files/a?comp=blocklist&comp=list", (400, "InvalidQueryParameterValue")),
        (f"/{ACCOUNT}/files/a?x=1", (400, "UnsupportedQueryParameter")),
    ],
)
def test_other_addresses(wire, target, expected):
    """Each has its error, and none is another blob's."""
    assert wire.raw("GET", target) == expected


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("PUT", "files/a?comp=lease"),
        ("PUT", "files/a?comp=metadata"),
        ("PUT", "files/a?comp=properties"),
        ("PUT", "files/a?comp=tags"),
        ("PUT", "files/a?comp=appendblock"),
        ("POST", "files/a?comp=query"),
        ("PUT", "files?restype=container&comp=acl"),
        ("PATCH", "files/a"),
        ("POST", "files/a"),
    ],
)
def test_what_is_not_supported_is_an_error(wire, method, path):
    """501, or 405 for a method that the service has not."""
    expected = (405, "UnsupportedHttpVerb") if method == "PATCH" else (501, "NotImplemented")
    assert code_of(wire.call(method, path, data=b"1")) == expected


@pytest.mark.parametrize(
    "header",
    [
        {"x-ms-lease-id": str(uuid.UUID(int=1))},
        {"x-ms-copy-source": "https://example.com/a"},
        {"x-ms-encryption-key": "AAAA"},
        {"x-ms-if-tags": "a='b'"},
        {"x-ms-range-get-content-md5": "true"},
        {"x-ms-blob-content-type": "text/plain"},
        {"x-ms-nonsense": "1"},
    ],
)
def test_headers_that_are_not_heeded_are_refused(wire, header):
    """501: what a client relies on is not left out without a word."""
    assert code_of(wire.call("GET", "files/a", headers=header)) == (501, "NotImplemented")


@pytest.mark.parametrize("version", ["2020-10-02", "2026-02-06", "2024-11-05", "2024-11", "latest", ""])
def test_the_version_must_be_one_that_is_known(wire, version):
    """Of 2020-12-06 to 2025-11-05; it is required of all requests with a token."""
    response = wire.call("GET", "files/a", headers={"x-ms-version": version})
    assert code_of(response) == (400, "InvalidHeaderValue")
    missing = wire.call("GET", "files/a", headers={"x-ms-version": None})
    assert code_of(missing) == (400, "MissingRequiredHeader")


def test_the_clients_request_id_is_returned(wire):
    """On errors too, unless it is none."""
    for sent, returned in (("my-id", "my-id"), ("x" * 1025, None), ("a b", None)):
        response = wire.call("GET", "files/missing", headers={"x-ms-client-request-id": sent})
        assert response.headers.get("x-ms-client-request-id") == returned


def send(wire: Wire, head: str, body: bytes) -> bytes:
    """All that the server answers to bytes as they are, until it closes or is silent for a moment."""
    port = urlsplit(wire.server.url).port
    lines = f"Host: 127.0.0.1:{port}\r\nx-ms-version: 2024-11-04\r\nAuthorization: Bearer {wire.token}\r\n"
    method, _, rest = head.partition("\r\n")
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(f"{method}\r\n{lines}{rest}\r\n".encode() + body)
        connection.shutdown(socket.SHUT_WR)
        answer = b""
        with contextlib.suppress(TimeoutError):
            while more := connection.recv(65536):
                answer += more
        return answer


BLOCK = f"PUT /{ACCOUNT}/files/lengths?comp=block&blockid=AAAA HTTP/1.1\r\n"
SMUGGLED = f"GET /{ACCOUNT}/files/smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()


@pytest.mark.parametrize(
    ("lengths", "body", "status"),
    [
        ("Transfer-Encoding: chunked\r\n", b"1\r\nx\r\n0\r\n\r\n", 411),
        ("Content-Length: 1\r\nTransfer-Encoding: chunked\r\n", b"0\r\n\r\n" + SMUGGLED, 411),
        ("Transfer-Encoding: chunked\r\nContent-Length: 1\r\n", b"0\r\n\r\n" + SMUGGLED, 411),
        ("Content-Length: 1\r\nContent-Length: 2\r\n", b"xx", 400),
        ("Content-Length: -1\r\n", b"", 400),
        ("Content-Length: +1\r\n", b"x", 400),
        ("Content-Length: 0x1\r\n", b"x", 400),
        ("Content-Length: 1\r\nTransfer-Encoding: identity\r\n", b"x", 400),
        ("", b"", 411),
    ],
)
def test_false_lengths_are_refused(wire, lengths, body, status):
    """And no block is stored."""
    answer = send(wire, BLOCK + lengths, body)
    assert int(answer.split(b" ")[1]) == status, answer
    assert "lengths" not in wire.server.account.container("files").uncommitted


def test_a_body_that_is_cut_has_no_effect(start_wire):
    """The connection ended before the announced length: no block, no blob, and no file is left."""
    wire = start_wire()
    for head in (BLOCK, f"PUT /{ACCOUNT}/files/lengths HTTP/1.1\r\nx-ms-blob-type: BlockBlob\r\n"):
        assert not send(wire, f"{head}Content-Length: 100000\r\n", b"x" * 5000).startswith(b"HTTP/1.1 2")
    container = wire.server.account.container("files")
    assert (dict(container.blobs), container.uncommitted) == ({}, {})
    wait_until(lambda: not list(wire.server.account.blocks.iterdir()))


def test_too_large_bodies_are_refused_before_they_are_sent(wire):
    """By the length that they announce: a block of more than 4,000 MiB, a blob of more than 5,000, a list of 8."""
    for query, length in (("?comp=block&blockid=AAAA", 4000 << 20), ("", 5000 << 20), ("?comp=blocklist", 8 << 20)):
        head = f"PUT /{ACCOUNT}/files/large{query} HTTP/1.1\r\nx-ms-blob-type: BlockBlob\r\n"
        head = head.replace("x-ms-blob-type: BlockBlob\r\n", "") if query else head
        answer = send(wire, f"{head}Content-Length: {length + 1}\r\n", b"")
        assert answer.startswith(b"HTTP/1.1 413"), answer[:300]


def listed(wire: Wire, body: bytes) -> tuple[int, str]:
    return code_of(wire.call("PUT", "files/listed", params={"comp": "blocklist"}, data=body))


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "InvalidXmlDocument"),
        (b"<BlockList>", "InvalidXmlDocument"),
        (b"<BlockList><Latest>AAAA</Latest></Blocklist>", "InvalidXmlDocument"),
        (b"<BlockList><Newest>AAAA</Newest></BlockList>", "InvalidXmlDocument"),
        (b"<BlockList><Latest><Latest>AAAA</Latest></Latest></BlockList>", "InvalidXmlDocument"),
        (b"<Blocks />", "InvalidXmlDocument"),
        (b"{}", "InvalidXmlDocument"),
        (b"\xff\xfe\xff", "InvalidXmlDocument"),
        (b"<?xml version='1.0' encoding='nonsense'?><BlockList />", "InvalidXmlDocument"),
        (b"<?xml version='1.0' encoding='cp037'?>" + "<!DOCTYPE b><BlockList />".encode("cp037"), "InvalidXmlDocument"),
        (b"<BlockList><Latest>not base64</Latest></BlockList>", "InvalidXmlNodeValue"),
        (b"<BlockList><Latest></Latest></BlockList>", "InvalidXmlNodeValue"),
        (b"<BlockList><Latest>AAAA</Latest></BlockList>", "InvalidBlockList"),
        (b"<!DOCTYPE b SYSTEM 'file:///etc/passwd'><BlockList />", "InvalidXmlDocument"),
        ("<!DOCTYPE b [<!ENTITY a 'b'>]><BlockList />".encode("utf-16"), "InvalidXmlDocument"),
        (b"<BlockList>" + b"<a>" * 200_000, "InvalidXmlDocument"),
        (b"<BlockList>" + b"<Latest>AAAA</Latest>" * 50_001 + b"</BlockList>", "BlockListTooLong"),
    ],
)
def test_lists_that_are_none(wire, body, code):
    """400; no entities are resolved, and no more than 50,000 blocks are taken."""
    assert listed(wire, body) == (400, code)


def test_an_entity_that_grows_is_not_expanded(wire):
    """A billion laughs is a 400 at once."""
    entities = "".join(f"<!ENTITY a{n} '{f'&a{n - 1};' * 10 if n else 'AAAA'}'>" for n in range(10))
    bomb = f"<!DOCTYPE b [{entities}]><BlockList><Latest>&a9;</Latest></BlockList>"
    assert listed(wire, bomb.encode()) == (400, "InvalidXmlDocument")


def test_fifty_thousand_blocks_can_be_listed(wire):
    """One block as often as a list may name blocks."""
    wire.put_block("files/many-blocks", "1", b"x")
    body = "<BlockList>" + f"<Latest>{block_id('1')}</Latest>" * 50_000 + "</BlockList>"
    assert wire.call("PUT", "files/many-blocks", params={"comp": "blocklist"}, data=body).status_code == 201
    assert wire.call("HEAD", "files/many-blocks").headers["Content-Length"] == "50000"


def test_calls_on_one_connection_go_on_after_errors(wire):
    """A refused body is read to its end, so that the next request is not taken for a part of it."""
    connection = http.client.HTTPConnection("127.0.0.1", urlsplit(wire.server.url).port, timeout=30)
    headers = {"x-ms-version": "2024-11-04", "Authorization": f"Bearer {wire.token}"}
    with contextlib.closing(connection):
        for _ in range(3):
            connection.request("PUT", f"/{ACCOUNT}/missing/a?comp=block&blockid=AAAA", b"x" * 3_000_000, headers)
            answer = connection.getresponse()
            assert (answer.status, answer.headers["x-ms-error-code"]) == (404, "ContainerNotFound")
            answer.read()
