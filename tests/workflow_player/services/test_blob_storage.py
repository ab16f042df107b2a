"""The stand-in of Azure Blob Storage, over the emulated storage."""

import pytest

from tests.workflow_player.services.connected import account_of, by_id, by_path
from workflow_player.services.blob_storage import BlobStorage, blob_id, path_of

DATASET = "@{encodeURIComponent(encodeURIComponent('contoso'))}"


@pytest.fixture
def blobs(storage):
    return BlobStorage(account_of(storage), storage.server.url)


def test_ids():
    """Base64 of the path, as designers write them for folders."""
    assert blob_id("/output") == "JTJmb3V0cHV0"
    assert path_of("JTJmb3V0cHV0") == path_of("/output") == "/output"


def test_content(blobs, storage, session_id):
    """By ID or path, in both dialects."""
    storage.put(f"{session_id}/a b.csv", b"a;b")
    path = f"/imports/{session_id}/a b.csv"
    assert by_id(blobs, "GetFileContent_V2", {"dataset": "contoso", "id": blob_id(path)}).outputs["body"] == "a;b"
    queries = {"path": path, "inferContentType": False, "queryParametersSingleEncoded": True}
    found = by_path(blobs, "get", f"/v2/datasets/{DATASET}/GetFileContentByPath", queries=queries)
    assert found.outputs["body"]["$content"] == "YTti"
    (item,) = blobs.changed_blob(path)["body"]
    assert (item["Path"], item["Name"], item["Size"]) == (path, "a b.csv", 3)


def test_create_and_update(blobs, storage, session_id):
    """Content as it is sent."""
    folder = f"/files/{session_id}"
    queries = {"folderPath": folder, "name": "a.txt", "queryParametersSingleEncoded": True}
    created = by_path(blobs, "post", f"/v2/datasets/{DATASET}/files", queries=queries, body="first")
    assert storage.get(f"{session_id}/a.txt") == b"first"
    update = {"dataset": "contoso", "id": created.outputs["body"]["Id"], "body": "@base64ToBinary('iVA=')"}
    assert by_id(blobs, "UpdateFile_V2", update).status == "Succeeded"
    assert storage.get(f"{session_id}/a.txt") == b"\x89P"
    listed = by_id(blobs, "ListFolder_V4", {"dataset": "contoso", "id": blob_id(folder)}).outputs["body"]["value"]
    assert [found["Path"] for found in listed] == [f"{folder}/a.txt"]


def test_missing_blob(blobs):
    """A 404 fails the action."""
    assert by_id(blobs, "GetFileContentByPath_V2", {"dataset": "c", "path": "/imports/none"}).code == "NotFound"
