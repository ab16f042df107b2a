"""ExportFile: whole, in parts by polls, and everything that can go wrong meanwhile."""

import random

import requests

CONTENT = random.Random(5).randbytes(350_000)
WRITE = "import random\nopen('/mnt/data/big.bin', 'wb').write(random.Random(5).randbytes(350_000))"


def exported(api, session_id: str, blob_name: str | None = None, **members) -> requests.Response:
    body = {"sessionId": session_id, "fileName": "big.bin", "blobName": blob_name, **members}
    return api.call("POST", "/exports", json=body)


def test_a_file_becomes_a_blob(api_with_storage, storage, session_id):
    """Below exports/, with its type and its version; the URL is one that ImportFile takes."""
    api_with_storage.execute(WRITE, session_id)
    name = f"{session_id}/Sales, größte + 100%.csv"
    response = exported(api_with_storage, session_id, name)
    assert response.status_code == 200, response.text
    result = response.json()
    assert storage.get(f"exports/{name}") == CONTENT
    assert result["blobName"] == f"exports/{name}"
    again = api_with_storage.call("POST", "/imports", json={"blobUrl": result["blobUrl"], "sessionId": session_id})
    assert again.json()["files"][0]["fileName"] == "Sales, größte + 100%.csv"


def test_polls_continue_an_export(api_with_storage, storage, session_id, small_parts, poll_to_end):
    """Each carries at least one part; the last result is repeated by another poll, also after the session's end."""
    api_with_storage.execute(WRITE, session_id)
    name = f"{session_id}/big.bin"
    responses = poll_to_end(exported(api_with_storage, session_id, name, waitInSeconds=0))
    assert [response.status_code for response in responses] == [202, 200]
    assert responses[0].json()["received"] == small_parts
    assert storage.get(f"exports/{name}") == CONTENT
    api_with_storage.call("DELETE", f"/sessions/{session_id}")
    again = requests.get(responses[0].headers["Location"], timeout=60)
    assert (again.status_code, again.json()) == (200, responses[-1].json())
