"""ImportFile from a blob: whole, in parts by polls, and everything that can go wrong meanwhile."""

import random

from tests.connector.transfers.conftest import stored

CONTENT = random.Random(3).randbytes(350_000)


def imported(api, storage, name: str, session_id: str, **members):
    url = f"{storage.server.container_url('imports')}/{name}"
    return api.call("POST", "/imports", json={"blobUrl": url, "sessionId": session_id, **members})


def test_a_blob_becomes_a_file_of_the_session(api_with_storage, storage, session_id):
    """In one call, when it is small enough for the caller's wait."""
    storage.put("in/sales.csv", b"a,b\n1,2\n")
    response = imported(api_with_storage, storage, "in/sales.csv", session_id, folder="data")
    assert response.status_code == 200, response.text
    (file,) = response.json()["files"]
    assert (file["fileName"], file["folder"], file["size"]) == ("sales.csv", "data", 8)
    assert stored(api_with_storage, session_id, "sales.csv", "data") == b"a,b\n1,2\n"


def test_polls_continue_an_import(api_with_storage, storage, session_id, small_parts, poll_to_end):
    """Each carries at least one part, and its progress; the last result is repeated by another poll."""
    storage.put("big.bin", CONTENT)
    responses = poll_to_end(imported(api_with_storage, storage, "big.bin", session_id, waitInSeconds=0))
    assert [response.status_code for response in responses] == [202, 200]
