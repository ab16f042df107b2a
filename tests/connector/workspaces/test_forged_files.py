"""What code in a session writes in place of the connector's own files about its workspace."""

import json

import pytest
import requests

FORGE = """import os
os.makedirs('/mnt/data/_transfers', exist_ok=True)
open('/mnt/data/_transfers/workspace.json', 'w').write({!r})
open('/mnt/data/forged', 'w').write('1')
"""
NOT_MARKS = {
    "nested": "[" * 2000,
    "line breaks": '"a\r\nx-ms-version: 1"',
    "letters beyond Latin-1": '"日"',
    "any version": "*",
    "several versions": '"a", "b"',
}


def saved(api, run: dict) -> dict:
    path = f"/executions/{run['executionId']}?sessionId={run['sessionId']}"
    response = api.call("GET", path)
    assert response.status_code == 200, response.text
    return response.json()


@pytest.mark.parametrize("etag", NOT_MARKS.values(), ids=NOT_MARKS.keys())
def test_a_forged_mark_replaces_nothing(api_with_storage, session_id, workspace_id, etag):
    """A version that storage cannot have made is none: it replaces no workspace, and no call fails for it."""
    owned = api_with_storage.execute("open('/mnt/data/a', 'w').write('1')", workspaceId=workspace_id)["workspace"]
    mark = {"workspace_id": workspace_id, "etag": etag, "fingerprint": None, "holder": None}
    text = etag if etag.startswith("[") else json.dumps(mark)
    run = api_with_storage.execute(FORGE.format(text), session_id)
    assert not saved(api_with_storage, run).get("workspace", {}).get("isSaved")
    assert api_with_storage.call("GET", f"/workspaces/{workspace_id}").json()["eTag"] == owned["eTag"]


@pytest.mark.parametrize("name", ["a/b", "../x", "a\ud800", "x" * 129, ""])
def test_a_forged_mark_names_workspaces_alone(api_with_storage, session_id, name):
    """A name that no workspace has is that of none."""
    mark = {"workspace_id": name, "etag": None, "fingerprint": None, "holder": None}
    assert "workspace" not in saved(
        api_with_storage, api_with_storage.execute(FORGE.format(json.dumps(mark)), session_id)
    )


@pytest.mark.parametrize("operation", ["save", "restore"])
def test_forged_results_are_refused(api_with_storage, session_id, workspace_id, small_parts, operation):
    """Those of packing and unpacking, which polls read: they are as if they were not there."""
    api_with_storage.execute("open('/mnt/data/big', 'wb').write(bytes(350_000))", session_id)
    route, body = f"/workspaces/{workspace_id}", {"sessionId": session_id, "waitInSeconds": 0}
    begun = api_with_storage.call("PUT", route, json=body)
    if operation == "restore":
        assert poll_until_done(begun).status_code == 200
        begun = api_with_storage.call("POST", f"{route}/restore", json=body)
    assert begun.status_code == 202, begun.text
    location = begun.headers["Location"]
    for forged in FORGED_RESULTS:
        api_with_storage.execute(FORGE_RESULTS.format(forged), session_id)
        found = requests.get(location, timeout=60)
        assert found.status_code in (200, 202, 502), found.text
    assert poll_until_done(found).status_code in (200, 502)


def poll_until_done(response: requests.Response) -> requests.Response:
    while response.status_code == 202:
        response = requests.get(response.headers["Location"], timeout=60)
    return response


FORGED_RESULTS = (
    "[" * 4000,
    '{"state": "no_room", "files": [], "path": "", "size": "a", "room": "b", "fingerprint": ""}',
    '{"state": "packed", "files": Infinity, "path": "", "size": 1, "skipped": 0, "room": 1, "fingerprint": ""}',
)
FORGE_RESULTS = """import os
for folder in os.scandir('/mnt/data/_transfers'):
    if folder.is_dir():
        for name in ('packed.json', 'unpacked.json'):
            open(os.path.join(folder.path, name), 'w').write({!r})
"""
