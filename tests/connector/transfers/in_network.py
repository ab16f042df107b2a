"""Files by their URLs, from hosts at public addresses. Run by test_file_urls.py, in a network of its own."""

import random
import socket
import time
from concurrent.futures import ThreadPoolExecutor, as_completed

import pytest
import requests

from connector.errors import BlobChanged, SourceUnavailable
from connector.outbound.allowed_hosts import AllowedHosts
from connector.outbound.deadlines import Deadline
from connector.outbound.file_urls import FileUrls, SourceRefused
from connector.transfers import streams, transfer
from tests.connector.transfers.conftest import error_of, own_files, stored
from tests.connector.transfers.network import (
    CONTENT,
    HOST,
    HOSTILE_NAMES,
    PUBLIC,
    FilesOfHost,
    make_addresses,
    make_certificate,
    resolving,
    serving,
)

NAMES = {
    HOST: [PUBLIC],
    f"mixed.{HOST}": [PUBLIC, "127.0.0.1"],
    f"second.{HOST}": ["20.60.1.9", PUBLIC],
    f"loopback.{HOST}": ["127.0.0.1"],
    f"private.{HOST}": ["10.0.0.4"],
    f"identity.{HOST}": ["169.254.169.254"],
    f"wire.{HOST}": ["168.63.129.16"],
    f"reserved.{HOST}": ["192.0.0.10"],
    f"many.{HOST}": ["224.0.0.1"],
    f"nowhere.{HOST}": [],
}
INTERNAL = ("127.0.0.1", "10.0.0.4", "169.254.169.254", "168.63.129.16", "192.0.0.10")


@pytest.fixture(scope="session", autouse=True)
def network(tmp_path_factory):
    """The server at the public address, and one at each internal address, which must not be called."""
    make_addresses(PUBLIC, "20.60.1.9", *INTERNAL[1:])
    folder = tmp_path_factory.mktemp("certificate")
    key, certificate = make_certificate(folder)
    FileUrls.certificates = str(certificate)
    files = FilesOfHost()
    real = socket.getaddrinfo
    socket.getaddrinfo = resolving(NAMES)
    with serving(files, PUBLIC, key, certificate) as public:
        internal = [serving(files, address, key, certificate) for address in INTERNAL]
        called = [server.__enter__() for server in internal]
        yield files, public, called
        for server in internal:
            server.__exit__(None, None, None)
    socket.getaddrinfo = real


@pytest.fixture
def files(network) -> FilesOfHost:
    network[0].__init__()
    return network[0]


@pytest.fixture
def urls() -> FileUrls:
    return FileUrls(AllowedHosts((HOST, f"*.{HOST}")))


@pytest.fixture
def opened(urls):
    """Opens a path of the host."""
    return lambda path, host=HOST, seconds=10.0: urls.open(
        f"https://{host}/{path}", deadline=Deadline.after(seconds), first_bytes=100_000
    )


@pytest.mark.parametrize("host", ["mixed", "loopback", "private", "identity", "wire", "reserved", "many", "nowhere"])
def test_a_name_with_an_address_that_is_not_public(opened, network, host):
    """Is like a host that does not respond: no connection is made, not even to its public addresses."""
    _, public, called = network
    before = len(public)
    with pytest.raises(SourceUnavailable) as refused:
        opened("whole", f"{host}.{HOST}")
    with pytest.raises(SourceUnavailable) as unreachable:
        opened("whole", f"unknown.{HOST}")
    assert refused.value.message == unreachable.value.message
    assert len(public) == before
    assert not any(called)


def test_the_next_address_is_tried(opened):
    """Where nothing listens at the first of several public ones."""
    with opened("whole", f"second.{HOST}") as file:
        assert file.read(1_000_000) == CONTENT


def test_nothing_of_the_connector_is_sent(opened, files, monkeypatch, tmp_path):
    """No credentials of a netrc file, no cookies, no ids; and no proxy is used."""
    (tmp_path / "netrc").write_text(f"machine {HOST} login user password secret\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    opened("whole").close()
    (sent,) = files.requests
    assert set(sent) == {"host", "range", "user-agent", "accept", "accept-encoding"}
    assert (sent["host"], sent["accept-encoding"]) == (HOST, "identity")


@pytest.mark.parametrize("path", ["ranges", "careless", "weak"])
def test_ranges_are_of_one_version(urls, opened, files, path):
    """Whether the host heeds conditions or not."""
    url = f"https://{HOST}/{path}"
    with opened(path) as file:
        assert (file.size, file.serves_ranges) == (len(CONTENT), True)
        assert file.read(file.length) == CONTENT[:100_000]
    arguments = {"size": file.size, "deadline": Deadline.after(10)}
    assert urls.read(url, file.version, 100_000, 349_999, **arguments) == CONTENT[100_000:]
    files.etag = '"two"'
    with pytest.raises(BlobChanged):
        urls.read(url, file.version, 100_000, 349_999, **arguments)


@pytest.mark.parametrize("path", ["whole", "chunked", "unversioned"])
def test_a_file_without_ranges_of_one_version(opened, path):
    """Is read as a whole."""
    with opened(path) as file:
        assert not file.serves_ranges
        assert file.size == (None if path == "chunked" else len(CONTENT))
        assert file.read(1_000_000) == CONTENT


def test_an_empty_file(opened):
    """Has no ranges."""
    with opened("empty") as file:
        assert (file.size, file.read(10)) == (0, b"")


def test_the_name_of_a_file(opened):
    """Is that which the host states, without folders, or the last part of the URL."""
    for path, name in (("named", "größe.csv"), ("whole/a%20b%2B.csv?x=/y", "a b+.csv"), ("whole/", "")):
        with opened(path) as file:
            assert file.name == name


@pytest.mark.parametrize("path", ["redirect", "encoded", "missing"])
def test_what_will_not_change(opened, files, path):
    """Is refused for good: redirects are not followed, and encodings not undone."""
    with pytest.raises(SourceRefused) as failure:
        opened(path)
    assert len(files.requests) == 1
    assert failure.value.code == "SourceUnavailable"


@pytest.mark.parametrize("path", ["broken", "long-headers", "many-headers", "two-lengths"])
def test_what_may_change(opened, path):
    """The error states nothing of the other side."""
    with pytest.raises(SourceUnavailable) as failure:
        opened(path)
    assert not isinstance(failure.value, SourceRefused)
    assert not set(failure.value.message.split()) & {PUBLIC, "503", "404", "secret"}


def test_names_that_cannot_be_read(opened):
    """Are as if the host stated none, or another one; nothing fails for them, nor takes long."""
    began = time.monotonic()
    for number in range(len(HOSTILE_NAMES)):
        with opened(f"hostile-name/{number}") as file:
            assert file.read(10) == b"a"
    assert time.monotonic() - began < 2


def test_more_than_is_stated(opened):
    """Is not read."""
    with opened("more") as file:
        assert (file.size, file.read(1_000_000), file.read(1)) == (10, CONTENT[:10], b"")


def test_a_slow_host(opened):
    """Is left at the deadline, also if it sends a byte now and then."""
    began = time.monotonic()
    with opened("trickle", seconds=0.5) as file, pytest.raises(SourceUnavailable):
        file.read(1000)
    assert time.monotonic() - began < 5


def test_a_certificate_of_someone_else(opened, monkeypatch):
    """Is refused."""
    monkeypatch.setattr(FileUrls, "certificates", True)
    with pytest.raises(SourceUnavailable):
        opened("whole")


# ---- through the connector


@pytest.fixture(scope="module")
def api(emulator, running_connector):
    with running_connector(**emulator.environment, FILE_URL_HOSTS=f"{HOST}, *.{HOST}") as connector:
        yield connector


def imported(api, path: str, session_id: str, **members):
    url = f"https://{HOST}/{path}"
    return api.call("POST", "/imports", json={"fileUrl": url, "sessionId": session_id, **members})


@pytest.mark.parametrize("path", ["ranges", "whole", "chunked", "unversioned"])
@pytest.mark.parametrize("part", [175_000, 349_999])
def test_import(api, files, monkeypatch, session_id, path, part):
    """In parts of any size."""
    monkeypatch.setattr(transfer, "PART_BYTES", part)
    response = imported(api, f"{path}/big.bin?sig=secret", session_id, folder="in")
    assert response.status_code == 200, response.text
    assert stored(api, session_id, "big.bin", "in") == CONTENT


def test_polls_continue_an_import(api, files, small_parts, session_id):
    """By any instance. A URL of 1,500 characters fits into the address that is polled."""
    signature = "".join(random.Random(1).choices("abcdefghijklmnopqrstuvwxyzABCDEFGHIJ0123456789-_", k=1_450))
    begun = imported(api, f"ranges/big.bin?tempauth={signature}", session_id, waitInSeconds=0)
    assert (begun.status_code, begun.json()["received"], begun.json()["size"]) == (202, 100_000, 350_000)
    assert len(begun.headers["Location"]) < 4_000
    assert signature not in begun.headers["Location"]
    ended = requests.get(begun.headers["Location"], timeout=60)
    assert (ended.status_code, ended.json()["files"][0]["size"]) == (200, 350_000)
    assert requests.get(begun.headers["Location"], timeout=60).json() == ended.json()
    assert stored(api, session_id, "big.bin") == CONTENT


def test_a_file_that_changes_between_polls(api, files, small_parts, session_id):
    """Is BlobChanged, and what was stored is removed."""
    begun = imported(api, "ranges/big.bin", session_id, waitInSeconds=0)
    files.etag = '"two"'
    assert error_of(requests.get(begun.headers["Location"], timeout=60)) == "BlobChanged"
    assert error_of(requests.get(begun.headers["Location"], timeout=60)) == "TransferNotFound"
    assert own_files(api, session_id) == []


def test_a_url_that_needs_too_long_an_address(api, files, small_parts, session_id):
    """Is an error if its file does not fit into the request, of which nothing is left."""
    response = imported(api, f"ranges/big.bin?sig={'a' * 6_000}", session_id, waitInSeconds=0)
    assert error_of(response) == "InvalidRequest"
    assert own_files(api, session_id) == []
    assert imported(api, f"ranges/big.bin?sig={'a' * 6_000}", session_id).status_code == 200


@pytest.mark.parametrize("path", ["login", "redirect", "encoded", "missing", "short/a.bin"])
def test_what_is_not_the_file(api, files, session_id, path):
    """Is SourceUnavailable, and nothing is stored; the reason is stated where it helps."""
    response = imported(api, path, session_id)
    assert (response.status_code, error_of(response)) == (502, "SourceUnavailable")
    hints = {"login": "web page", "redirect": "redirect", "encoded": "encoding"}
    assert hints.get(path, "fetched from its host") in response.text
    assert own_files(api, session_id) == []


def test_a_page_under_the_name_of_one(api, files, session_id):
    """Is a file like any other."""
    assert imported(api, "login/page.html", session_id).status_code == 200


def test_a_name_is_needed(api, files, session_id):
    """Where neither the host nor the URL has one."""
    assert error_of(imported(api, "whole/", session_id)) == "InvalidFileName"
    assert imported(api, "whole/", session_id, fileName="a.bin").status_code == 200


@pytest.mark.parametrize("path", ["whole", "chunked"])
def test_too_large_a_file_without_ranges(api, files, monkeypatch, session_id, path):
    """Is FileTooLarge, and nothing of it is left."""
    monkeypatch.setattr(streams, "LARGEST", 340_000)
    monkeypatch.setattr(transfer, "PART_BYTES", 100_000)
    assert error_of(imported(api, f"{path}/a.bin", session_id)) == "FileTooLarge"
    assert own_files(api, session_id) == []


def from_chat(api, session_id: str, *paths: str) -> requests.Response:
    references = [
        {"name": f"{number}.bin", "id": "file-1", "mime_type": "text/csv", "download_link": f"https://{HOST}/{path}"}
        for number, path in enumerate(paths)
    ]
    return api.call("POST", "/imports", json={"openaiFileIdRefs": references, "sessionId": session_id})


def test_files_of_a_chat(api, files, session_id):
    """As GPT actions send them: objects instead of texts. One may have any size."""
    response = from_chat(api, session_id, "whole", "chunked", "ranges")
    assert [file["fileName"] for file in response.json()["files"]] == ["0.bin", "1.bin", "2.bin"]
    assert stored(api, session_id, "1.bin") == CONTENT
    assert from_chat(api, session_id, "ranges").json()["files"][0]["fileName"] == "0.bin"
    links = {"openaiFileIdRefs": [f"https://{HOST}/named"], "sessionId": session_id}
    assert api.call("POST", "/imports", json=links).json()["files"][0]["fileName"] == "größe.csv"


def test_files_of_a_chat_are_stored_together(api, files, session_id):
    """All, or none."""
    assert error_of(from_chat(api, session_id, "whole", "short")) == "SourceUnavailable"
    assert own_files(api, session_id) == []


def test_slow_hosts_leave_threads_free(files, emulator, running_connector, session_id):
    """Imports that wait for hosts take the places of runs: others are refused, and what needs no host is answered."""
    settings = {**emulator.environment, "FILE_URL_HOSTS": HOST, "PYTHON_THREADPOOL_THREAD_COUNT": "8"}
    with running_connector(**settings) as api, ThreadPoolExecutor(7) as callers:
        begun = [callers.submit(imported, api, f"waiting/{number}", session_id) for number in range(7)]
        try:
            refused = next(as_completed(begun, timeout=20)).result()
        finally:
            files.is_released.set()
        assert (refused.status_code, error_of(refused)) == (429, "ConnectorBusy")


def test_a_url_is_in_no_log(api, files, session_id, caplog):
    """Neither its signature nor its path, whatever happens; the operator sees the status of the host."""
    with caplog.at_level("DEBUG"):
        for path in ("ranges", "missing", "redirect", "short", "login", "two-lengths"):
            imported(api, f"{path}/secret-name.csv?sig=secret-signature", session_id)
        api.call("POST", "/imports", json={"fileUrl": f"https://mixed.{HOST}/secret-name", "sessionId": session_id})
    assert "secret-" not in caplog.text
    assert "HostResponded 404" in caplog.text
    assert "NotPublic" in caplog.text
