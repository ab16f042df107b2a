"""ExportFile: whole, in parts by polls, and everything that can go wrong meanwhile."""

import random
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from connector.callers.signed_tokens import Tokens
from connector.http.transfers import TRANSFER
from tests.connector.transfers.conftest import error_of

CONTENT = random.Random(5).randbytes(350_000)
WRITE = "import random\nopen('/mnt/data/big.bin', 'wb').write(random.Random(5).randbytes(350_000))"


@pytest.fixture
def exported(api_with_storage, session_id):
    """Exports a file that code has written."""
    api_with_storage.execute(WRITE, session_id)

    def begin(blob_name: str | None = None, **members) -> requests.Response:
        body = {"sessionId": session_id, "fileName": "big.bin", "blobName": blob_name, **members}
        return api_with_storage.call("POST", "/exports", json=body)

    return begin


@pytest.fixture
def name(session_id) -> str:
    """Of a blob that no other test uses."""
    return f"{session_id}/big.bin"


@pytest.fixture
def begun(exported, name, small_parts) -> str:
    """The address of an export of which the first part has been copied."""
    response = exported(name, waitInSeconds=0)
    assert (response.status_code, response.json()["received"]) == (202, small_parts)
    return response.headers["Location"]


def polled(location: str, method: str = "GET") -> requests.Response:
    return requests.request(method, location, timeout=60)


def test_a_file_becomes_a_blob(api_with_storage, storage, exported, session_id):
    """Below exports/, with its version; ImportFile takes its URL."""
    response = exported(f"{session_id}/Sales, größte + 100%.csv")
    assert response.status_code == 200, response.text
    result = response.json()
    assert result["blobName"] == f"exports/{session_id}/Sales, größte + 100%.csv"
    assert (result["size"], result["contentType"]) == (len(CONTENT), "application/octet-stream")
    assert storage.get(result["blobName"]) == CONTENT
    assert requests.head(result["blobUrl"], timeout=10).status_code in (401, 403, 404, 409)  # it needs a role
    again = api_with_storage.call("POST", "/imports", json={"blobUrl": result["blobUrl"], "sessionId": session_id})
    assert again.json()["files"][0]["fileName"] == "Sales, größte + 100%.csv"


def test_an_empty_file(api_with_storage, storage, session_id):
    """Becomes an empty blob, under its own name if no other is given."""
    api_with_storage.execute(f"open('/mnt/data/{session_id}.csv', 'w').close()", session_id)
    body = {"sessionId": session_id, "fileName": f"{session_id}.csv"}
    result = api_with_storage.call("POST", "/exports", json=body).json()
    assert (result["size"], result["contentType"]) == (0, "text/csv")
    assert storage.get(f"exports/{session_id}.csv") == b""


def test_polls_continue_an_export(api_with_storage, storage, session_id, name, begun):
    """Until the blob is complete; the last result is repeated by another poll, also after the session's end."""
    assert storage.names(f"exports/{name}") == []
    ended = polled(begun)
    assert (ended.status_code, ended.json()["blobName"]) == (200, f"exports/{name}")
    assert storage.get(f"exports/{name}") == CONTENT
    api_with_storage.call("DELETE", f"/sessions/{session_id}")
    assert polled(begun).json() == ended.json()


def test_polls_at_the_same_time(storage, name, begun):
    """Such as after a lost response: they do not disturb each other."""
    with ThreadPoolExecutor(3) as threads:
        assert [response.status_code for response in threads.map(polled, [begun] * 3)] == [200] * 3
    assert storage.get(f"exports/{name}") == CONTENT
    assert polled(begun).status_code == 200


def test_a_repeated_poll_of_a_replaced_export(exported, storage, name, begun):
    """Is TransferNotFound, and does not replace the newer blob."""
    assert polled(begun).status_code == 200
    storage.put(f"exports/{name}", b"newer", "files")
    assert error_of(polled(begun)) == "TransferNotFound"
    assert storage.get(f"exports/{name}") == b"newer"


def test_if_exists(exported, storage, name):
    """A blob of this name is kept, or replaced on request."""
    storage.put(f"exports/{name}", b"older", "files")
    refused = exported(name)
    assert (refused.status_code, error_of(refused)) == (409, "BlobExists")
    assert storage.get(f"exports/{name}") == b"older"
    assert exported(f"exports/{name}", ifExists="replace").json()["blobName"] == f"exports/{name}"
    assert storage.get(f"exports/{name}") == CONTENT


def test_a_blob_that_appears_meanwhile(storage, name, begun):
    """Is kept."""
    storage.put(f"exports/{name}", b"other", "files")
    assert error_of(polled(begun)) in ("BlobExists", "TransferNotFound")
    assert storage.get(f"exports/{name}") == b"other"


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("open('/mnt/data/big.bin', 'ab').write(b'more')", "FileChanged"),
        ("open('/mnt/data/big.bin', 'r+b').write(b'else')", "FileChanged"),
        ("import os; os.remove('/mnt/data/big.bin')", "FileNotFound"),
    ],
)
def test_a_file_that_changes_between_polls(api_with_storage, storage, session_id, name, begun, code, expected):
    """Is an error, and nothing is stored."""
    api_with_storage.execute(code, session_id)
    assert error_of(polled(begun)) == expected
    assert storage.uncommitted(f"exports/{name}") == 0
    assert storage.names(f"exports/{name}") == []
    assert error_of(polled(begun)) == "TransferNotFound"


def test_a_session_that_ends_between_polls(api_with_storage, storage, session_id, name, begun):
    """Is SessionNotFound, and no other session is started."""
    api_with_storage.call("DELETE", f"/sessions/{session_id}")
    assert error_of(polled(begun)) == "SessionNotFound"
    assert api_with_storage.call("GET", f"/sessions/{session_id}").status_code == 404
    assert storage.uncommitted(f"exports/{name}") == 0


def test_a_session_that_runs_code_meanwhile(keep_busy, begun):
    """Does not keep an export from going on."""
    release = keep_busy()
    assert polled(begun).status_code == 200
    release()


def test_a_fault_of_storage(storage, name, begun):
    """Is an error of its own, and the next poll continues."""
    fault = {"do": "answer", "status": 503, "times": 8, "path": f"files/exports/{name}", "operation": "PutBlock"}
    storage.server.faults.add(**fault)
    try:
        failed = polled(begun)
        assert (failed.status_code, error_of(failed)) == (503, "StorageUnavailable")
    finally:
        storage.server.faults.clear()
    assert polled(begun).status_code == 200
    assert storage.get(f"exports/{name}") == CONTENT


@pytest.mark.parametrize("operation", ["PutBlock", "PutBlockList"])
def test_a_response_that_is_lost(exported, storage, name, operation):
    """Leads to the same blob."""
    storage.server.faults.add("dropAfter", path=f"files/exports/{name}", operation=operation)
    assert exported(name).status_code == 200
    assert storage.get(f"exports/{name}") == CONTENT


@pytest.mark.parametrize(("operation", "status"), [("PutBlock", 503), ("PutBlockList", 202)])
def test_a_fault_in_the_first_call(exported, storage, name, operation, status):
    """Leaves nothing if not even a part was copied. Otherwise, polls continue."""
    fault = {"do": "answer", "status": 503, "times": 8, "path": f"files/exports/{name}", "operation": operation}
    storage.server.faults.add(**fault)
    try:
        response = exported(name)
        assert response.status_code == status
    finally:
        storage.server.faults.clear()
    assert storage.uncommitted(f"exports/{name}") == (1 if status == 202 else 0)
    assert storage.names(f"exports/{name}") == []
    if status == 202:
        assert response.json()["received"] == len(CONTENT)
        assert polled(response.headers["Location"]).status_code == 200
        assert storage.get(f"exports/{name}") == CONTENT


def test_cancel(storage, name, begun):
    """Discards the parts."""
    assert polled(begun, "DELETE").status_code == 204
    assert storage.uncommitted(f"exports/{name}") == 0
    assert storage.names(f"exports/{name}") == []
    assert error_of(polled(begun)) == "TransferNotFound"
    assert error_of(polled(begun, "DELETE")) == "TransferNotFound"


def test_cancel_a_complete_export(storage, name, begun):
    """Keeps its blob."""
    polled(begun)
    assert polled(begun, "DELETE").status_code == 204
    assert storage.get(f"exports/{name}") == CONTENT


@pytest.mark.parametrize(
    "blob_name", ["/a", "a/", "a//b", "../a", "a/../../workspaces/a", "a\\..\\b", "a/.", "a\nb", "exports/", "a\x7f"]
)
def test_names_that_blobs_cannot_have(exported, storage, blob_name):
    """Are refused before anything is stored."""
    response = exported(blob_name)
    assert (response.status_code, error_of(response)) == (400, "InvalidRequest"), response.text
    assert response.json()["error"]["target"] == "blobName"


def test_without_storage(api, session_id):
    """The message names the setting, and no session is started."""
    response = api.call("POST", "/exports", json={"sessionId": session_id, "fileName": "a.csv"})
    assert (response.status_code, error_of(response)) == (409, "StorageNotConfigured")
    assert "FILES_CONTAINER_URL" in response.text


def test_what_does_not_exist(api_with_storage, session_id):
    """Is SessionNotFound, without starting one, or FileNotFound."""
    body = {"sessionId": session_id, "fileName": "a.csv"}
    assert error_of(api_with_storage.call("POST", "/exports", json=body)) == "SessionNotFound"
    assert api_with_storage.call("GET", f"/sessions/{session_id}").status_code == 404
    api_with_storage.execute("1", session_id)
    assert error_of(api_with_storage.call("POST", "/exports", json=body)) == "FileNotFound"


@pytest.mark.parametrize(
    "transfer", [{"kind": "export", "transfer": {"copy": 1}}, {"kind": "move", "transfer": {}}, {}]
)
def test_the_address_of_another_version_is_not_found(api_with_storage, emulator, transfer):
    """A transfer that a version of the connector began which knew other members is begun again."""
    token = Tokens(emulator.environment["SIGNING_KEY"]).seal(
        TRANSFER, {**transfer, "caller": None}, lifetime_seconds=60
    )
    response = requests.get(f"{api_with_storage.url}/transfers?token={token}", timeout=60)
    assert (response.status_code, response.json()["error"]["code"]) == (404, "TransferNotFound")
