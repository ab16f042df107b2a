"""ImportFile from a blob: whole, in parts by polls, and everything that can go wrong meanwhile."""

import random
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from connector.files import tasks
from tests.connector.transfers.conftest import error_of, own_files, stored

CONTENT = random.Random(3).randbytes(350_000)


@pytest.fixture
def imported(api_with_storage, storage, session_id):
    """Imports a blob of this name, with `CONTENT` unless it has another."""

    def begin(name: str, content: bytes = CONTENT, **members) -> requests.Response:
        storage.put(name, content)
        url = f"{storage.server.container_url('imports')}/{name}"
        return api_with_storage.call("POST", "/imports", json={"blobUrl": url, "sessionId": session_id, **members})

    return begin


@pytest.fixture
def begun(imported, session_id, small_parts) -> str:
    """The address of an import of which the first part has been copied."""
    response = imported(f"{session_id}.bin", waitInSeconds=0)
    assert (response.status_code, response.json()["received"]) == (202, small_parts)
    return response.headers["Location"]


def polled(location: str, method: str = "GET") -> requests.Response:
    return requests.request(method, location, timeout=60)


def test_a_blob_becomes_a_file_of_the_session(api_with_storage, imported, session_id):
    """In one call, when it is small enough for the caller's wait."""
    response = imported("in/sales.csv", b"a,b\n1,2\n", folder="data")
    assert response.status_code == 200, response.text
    (file,) = response.json()["files"]
    assert (file["fileName"], file["folder"], file["size"]) == ("sales.csv", "data", 8)
    assert stored(api_with_storage, session_id, "sales.csv", "data") == b"a,b\n1,2\n"


def test_an_empty_blob(api_with_storage, imported, session_id):
    """Becomes an empty file."""
    assert imported("empty.csv", b"", fileName="other.csv").json()["files"][0]["size"] == 0
    assert stored(api_with_storage, session_id, "other.csv") == b""


def test_a_new_session(api_with_storage, imported):
    """Is created without a session ID."""
    response = imported("sales.csv", b"a", sessionId=None)
    assert stored(api_with_storage, response.json()["sessionId"], "sales.csv") == b"a"


def test_a_new_session_ends_with_an_import_that_fails(api_with_storage, emulator, storage):
    """Nobody knows its ID."""
    storage.put("unlucky.csv", b"region,amount")
    storage.server.faults.add("answer", status=404, errorCode="BlobNotFound", operation="GetBlob", path=".*unlucky.csv")
    before = set(emulator.identifiers())
    url = f"{storage.server.container_url('imports')}/unlucky.csv"
    failed = api_with_storage.call("POST", "/imports", json={"blobUrl": url})
    assert (failed.status_code, error_of(failed)) == (404, "BlobNotFound")
    assert set(emulator.identifiers()) == before


def test_polls_continue_an_import(api_with_storage, begun, session_id):
    """Until the file is complete; a poll whose response was lost can be repeated."""
    ended = polled(begun)
    assert (ended.status_code, ended.json()["sessionId"]) == (200, session_id)
    assert polled(begun).json() == ended.json()
    assert stored(api_with_storage, session_id, f"{session_id}.bin") == CONTENT


def test_a_poll_with_a_wait(begun, small_parts):
    """Returns after a part, so that its caller sees the progress; the next one goes on from there."""
    first, second = (polled(f"{begun}&waitInSeconds=0") for _ in range(2))
    assert [(response.status_code, response.json()["received"]) for response in (first, second)] == [
        (202, 2 * small_parts),
        (202, 3 * small_parts),
    ]
    assert error_of(polled(f"{begun}&waitInSeconds=61")) == "InvalidRequest"


def test_the_same_address_while_it_runs(api_with_storage, storage, session_id, begun):
    """A poll that could copy something states how much, and where to continue; one that could not is an error."""
    fault = {"do": "answer", "status": 503, "times": 8, "path": f"imports/{session_id}.bin", "operation": "GetBlob"}
    storage.server.faults.add(**fault)
    try:
        failed = polled(begun)
        assert (failed.status_code, error_of(failed)) == (503, "StorageUnavailable")
        assert "Retry-After" in failed.headers
    finally:
        storage.server.faults.clear()
    assert polled(begun).status_code == 200


def test_polls_at_the_same_time(api_with_storage, session_id, begun):
    """Such as after a lost response: they do not disturb each other."""
    with ThreadPoolExecutor(3) as threads:
        assert [response.status_code for response in threads.map(polled, [begun] * 3)] == [200] * 3
    assert stored(api_with_storage, session_id, f"{session_id}.bin") == CONTENT


def test_a_blob_that_changes_between_polls(api_with_storage, storage, session_id, begun):
    """Is BlobChanged, and what was stored is removed."""
    storage.put(f"{session_id}.bin", CONTENT)
    assert error_of(polled(begun)) == "BlobChanged"
    assert error_of(polled(begun)) == "TransferNotFound"
    assert own_files(api_with_storage, session_id) == []


def test_a_blob_that_is_deleted_between_polls(api_with_storage, storage, session_id, begun):
    """Is BlobNotFound, and what was stored is removed."""
    storage.delete(f"{session_id}.bin", "imports")
    assert error_of(polled(begun)) == "BlobNotFound"
    assert own_files(api_with_storage, session_id) == []


def test_a_session_that_ends_between_polls(api_with_storage, session_id, begun):
    """Is TransferNotFound, and no other session is started."""
    api_with_storage.call("DELETE", f"/sessions/{session_id}")
    assert error_of(polled(begun)) == "TransferNotFound"
    assert api_with_storage.call("GET", f"/sessions/{session_id}").status_code == 404


def test_a_session_that_runs_code_meanwhile(monkeypatch, session_id, keep_busy, begun):
    """Is SessionBusy, and the import goes on with the next poll."""
    monkeypatch.setattr(tasks, "WAIT_SECONDS", 0.3)
    release = keep_busy()
    busy = polled(begun)
    assert (busy.status_code, error_of(busy)) == (429, "SessionBusy")
    release()
    assert polled(begun).status_code == 200


def test_cancel(api_with_storage, session_id, begun):
    """Removes what was received."""
    assert polled(begun, "DELETE").status_code == 204
    assert error_of(polled(begun)) == "TransferNotFound"
    assert error_of(polled(begun, "DELETE")) == "TransferNotFound"
    assert own_files(api_with_storage, session_id) == []


def test_cancel_a_complete_import(api_with_storage, session_id, begun):
    """Keeps its file."""
    assert polled(begun).status_code == 200
    assert polled(begun, "DELETE").status_code == 204
    assert stored(api_with_storage, session_id, f"{session_id}.bin") == CONTENT


@pytest.mark.parametrize("token", ["gAAAAABqX0c", "a"])
def test_another_address(api_with_storage, token):
    """Is TransferNotFound."""
    assert error_of(api_with_storage.call("GET", f"/transfers?token={token}")) == "TransferNotFound"
    assert error_of(api_with_storage.call("DELETE", f"/transfers?token={token}")) == "TransferNotFound"


def test_a_blob_larger_than_the_session(start_pool, start_connector, start_storage):
    """Is FileTooLarge before anything of it is copied."""
    pool = start_pool(data_bytes=8 << 20)
    storage = start_storage(authority=pool.authority)
    api = start_connector(**pool.environment, **storage.environment)
    storage.put("large.bin", bytes(9 << 20))
    url = f"{storage.server.container_url('imports')}/large.bin"
    response = api.call("POST", "/imports", json={"blobUrl": url, "sessionId": "import-large"})
    assert (response.status_code, error_of(response)) == (413, "FileTooLarge")
    assert own_files(api, "import-large") == []


@pytest.mark.parametrize(
    ("members", "code", "word"),
    [
        ({}, "InvalidRequest", "one source"),
        (
            {"fileUrl": "https://a.example/a", "blobUrl": "https://a.example/c/a"},
            "InvalidRequest",
            "blobUrl and fileUrl",
        ),
        ({"blobUrl": "https://a.blob.core.windows.net/c/a?sig=secret"}, "InvalidRequest", "fileUrl"),
        ({"blobUrl": "https://a.blob.core.windows.net/c/a"}, "SourceNotAllowed", "IMPORT_CONTAINER_URLS"),
        ({"fileUrl": "https://a.example/a"}, "SourceNotAllowed", "FILE_URL_HOSTS"),
        ({"openaiFileIdRefs": ["https://a.example/a"]}, "SourceNotAllowed", "FILE_URL_HOSTS"),
        ({"openaiFileIdRefs": [{"name": "a.csv"}]}, "InvalidRequest", "openaiFileIdRefs"),
        ({"openaiFileIdRefs": ["https://a.example/a"] * 11}, "InvalidRequest", "openaiFileIdRefs"),
        ({"openaiFileIdRefs": ["https://a.example/a"] * 2, "fileName": "a"}, "InvalidRequest", "fileName"),
    ],
)
def test_requests_with_mistakes(api_with_storage, session_id, members, code, word):
    """Start no session."""
    response = api_with_storage.call("POST", "/imports", json={"sessionId": session_id, **members})
    assert (error_of(response), word in response.text) == (code, True), response.text
    assert "secret" not in response.text
    assert api_with_storage.call("GET", f"/sessions/{session_id}").status_code == 404


@pytest.mark.parametrize("name", ["a/b.csv", "..", "a\nb"])
def test_a_name_that_files_cannot_have(imported, name):
    """Is InvalidFileName."""
    assert error_of(imported("sales.csv", b"a", fileName=name)) == "InvalidFileName"


def test_without_a_signing_key(emulator, storage, start_connector, session_id, small_parts):
    """An import ends in its request, however long its caller wants to wait; no address could continue it."""
    environment = {name: value for name, value in emulator.environment.items() if name != "SIGNING_KEY"}
    api = start_connector(**environment, **storage.environment)
    storage.put("big.bin", CONTENT)
    body = {"blobUrl": f"{storage.server.container_url('imports')}/big.bin", "sessionId": session_id}
    assert api.call("POST", "/imports", json={**body, "waitInSeconds": 0}).status_code == 200
