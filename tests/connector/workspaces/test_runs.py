"""`workspaceId` of runs and uploads."""

import threading
from dataclasses import replace

from connector import app
from tests.conftest import connector_with
from tests.connector.workspaces.conftest import blob_of


def test_a_conversation_goes_on_after_its_session(api_with_storage, workspace_id):
    """A run that names the workspace finds the files, although the session that made them has ended."""
    first = api_with_storage.execute("open('/mnt/data/a', 'w').write('lunch')", workspaceId=workspace_id)
    assert first["workspace"] == {
        "workspaceId": workspace_id,
        "isRestored": False,
        "isSaved": True,
        "eTag": first["workspace"]["eTag"],
    }
    api_with_storage.call("DELETE", f"/sessions/{first['sessionId']}")
    for session_id in (first["sessionId"], None):
        second = api_with_storage.execute("open('/mnt/data/a').read()", session_id, workspaceId=workspace_id)
        assert second["result"] == "lunch"
        assert second["workspace"] == {**first["workspace"], "isRestored": True}


def test_another_host_restores_it(api_with_storage, emulator, storage, workspace_id):
    """Nothing about a workspace is kept in a process of the connector."""
    api_with_storage.execute("open('/mnt/data/a', 'w').write('1')", workspaceId=workspace_id)
    with connector_with(**emulator.environment, **storage.environment) as other:
        assert other.execute("open('/mnt/data/a').read()", workspaceId=workspace_id)["result"] == "1"


def test_it_is_saved_only_when_files_have_changed(api_with_storage, workspace_id):
    """Also when one was deleted, or changed without its size; not for runs that only read."""
    run = api_with_storage.execute(
        "open('/mnt/data/a', 'w').write('1'); open('/mnt/data/b', 'w')", workspaceId=workspace_id
    )
    session, etags = run["sessionId"], [run["workspace"]["eTag"]]
    for code in (
        "open('/mnt/data/a').read()",
        "open('/mnt/data/a', 'w').write('2')",
        "import os; os.unlink('/mnt/data/b')",
    ):
        etags.append(api_with_storage.execute(code, session, workspaceId=workspace_id)["workspace"]["eTag"])
    assert etags[0] == etags[1] and len(set(etags)) == 3


def test_a_conflict_is_a_notice(api_with_storage, workspace_id):
    """The run's result is not lost, the other's version is not replaced, and the notice states what to do."""
    one = api_with_storage.execute("open('/mnt/data/a', 'w').write('1')", workspaceId=workspace_id)["sessionId"]
    two = api_with_storage.execute("open('/mnt/data/a', 'w').write('22')", workspaceId=workspace_id)
    late = api_with_storage.execute("open('/mnt/data/a', 'w').write('333')", one, workspaceId=workspace_id)
    assert (late["status"], late["result"], late["workspace"]["isSaved"]) == ("Succeeded", "3", False)
    assert "someone else has saved or deleted it" in late["notice"]
    assert api_with_storage.call("GET", f"/workspaces/{workspace_id}").json()["eTag"] == two["workspace"]["eTag"]


def test_the_poll_that_sees_the_end_saves(api_with_storage, workspace_id, poll_to_end):
    """As GetExecution does: the session knows its workspace."""
    code = "import time; time.sleep(1.5); open('/mnt/data/a', 'w').write('1')"
    body = {"pythonCode": code, "workspaceId": workspace_id, "waitInSeconds": 0}
    responses = poll_to_end(api_with_storage.call("POST", "/executions", json=body))
    assert responses[0].json()["workspace"]["isSaved"] is False
    assert responses[-1].json()["workspace"]["isSaved"] is True
    execution = responses[-1].json()
    path = f"/executions/{execution['executionId']}?sessionId={execution['sessionId']}"
    assert api_with_storage.call("GET", path).json()["workspace"]["isSaved"] is True


def test_a_session_in_use_must_have_the_workspace(api_with_storage, session_id, workspace_id):
    """Otherwise nothing runs: its code would not find the files. Nor does it with the files of another workspace."""
    api_with_storage.execute("open('/mnt/data/a', 'w').write('1')", workspaceId=workspace_id)
    api_with_storage.execute("ran = False", session_id)
    body = {"pythonCode": "ran = True", "sessionId": session_id, "workspaceId": workspace_id}
    refused = api_with_storage.call("POST", "/executions", json=body)
    assert (refused.status_code, refused.json()["error"]["target"]) == (400, "workspaceId")
    assert api_with_storage.execute("ran", session_id)["result"] == "False"
    assert api_with_storage.execute("1", session_id, workspaceId=f"{workspace_id}-new")["workspace"]["isSaved"] is True
    body = {**body, "workspaceId": f"{workspace_id}-other"}
    assert api_with_storage.call("POST", "/executions", json=body).status_code == 400


def test_a_workspace_that_cannot_be_restored_runs_nothing(api_with_storage, storage, session_id, workspace_id):
    """The error is that of restoring, and the new session is ended."""
    storage.put(blob_of(workspace_id), b"no archive" * 100, container="files")
    body = {"pythonCode": "1", "sessionId": session_id, "workspaceId": workspace_id}
    refused = api_with_storage.call("POST", "/executions", json=body)
    assert (refused.status_code, refused.json()["error"]["code"]) == (502, "StorageRejected")
    assert api_with_storage.call("GET", f"/sessions/{session_id}").status_code == 404


def test_an_upload_restores_and_saves(api_with_storage, workspace_id):
    """In JSON and as a form. The files of the workspace are beside the uploaded ones."""
    body = {"files": [{"fileName": "a.txt", "fileContent": "data:text/plain,1"}], "workspaceId": workspace_id}
    first = api_with_storage.call("POST", "/files", json=body).json()
    assert first["workspace"]["isSaved"] is True
    second = api_with_storage.call(
        "POST", "/files", files={"file": ("b.txt", b"2")}, data={"workspaceId": workspace_id}
    ).json()
    assert (second["workspace"]["isRestored"], second["workspace"]["isSaved"]) == (True, True)
    code = "import os; sorted(name for name in os.listdir('/mnt/data') if name[0] != '_')"
    assert api_with_storage.execute(code, workspaceId=workspace_id)["value"] == ["a.txt", "b.txt"]


def test_without_storage_nothing_runs(api, session_id):
    """StorageNotConfigured, and no session is started."""
    for path, body in (
        ("/executions", {"pythonCode": "1"}),
        ("/files", {"files": [{"fileName": "a", "fileContent": ""}]}),
    ):
        refused = api.call("POST", path, json={**body, "sessionId": session_id, "workspaceId": "w"})
        assert (refused.status_code, refused.json()["error"]["code"]) == (409, "StorageNotConfigured"), refused.text
    assert api.call("GET", f"/sessions/{session_id}").status_code == 404


def test_an_idempotency_key_finds_its_run(api_with_storage, workspace_id):
    """The repeated call has the same result, and restores nothing into its session."""
    arguments = {"idempotencyKey": workspace_id, "workspaceId": workspace_id}
    code = "open('/mnt/data/a', 'w').write('1')"
    first, second = (api_with_storage.execute(code, **arguments) for _ in range(2))
    assert first["executionId"] == second["executionId"]
    assert second["workspace"] == first["workspace"]


def test_a_run_that_fails_is_saved(api_with_storage, workspace_id):
    """What it has written is not lost."""
    run = api_with_storage.execute("open('/mnt/data/a', 'w').write('1'); 1 / 0", workspaceId=workspace_id)
    assert (run["status"], run["workspace"]["isSaved"]) == ("Failed", True)


def test_a_run_is_saved_however_long_it_takes(monkeypatch, running_connector, emulator, storage, workspace_id):
    """Saving has its time after the run, not what the run has left of it."""
    monkeypatch.setattr(app, "DEADLINES", replace(app.DEADLINES, operation_seconds=0.7))
    with running_connector(**emulator.environment, **storage.environment) as api:
        code = "import time; time.sleep(1); open('/mnt/data/a', 'w').write('1')"
        run = api.execute(code, workspaceId=workspace_id)
        assert (run["workspace"]["isSaved"], run.get("notice")) == (True, None)


def test_files_beside_those_that_were_restored_are_saved(api_with_storage, session_id, workspace_id):
    """By the next run, although it changes nothing: the workspace does not have them yet."""
    api_with_storage.execute("open('/mnt/data/a', 'w').write('1')", workspaceId=workspace_id)
    api_with_storage.execute("open('/mnt/data/b', 'w').write('2')", session_id)
    api_with_storage.call("POST", f"/workspaces/{workspace_id}/restore", json={"sessionId": session_id})
    assert api_with_storage.execute("1", session_id, workspaceId=workspace_id)["workspace"]["isSaved"] is True
    assert api_with_storage.call("GET", f"/workspaces/{workspace_id}").json()["fileCount"] == 2


def test_a_deleted_workspace_is_not_saved_again_unasked(api_with_storage, session_id, workspace_id):
    """The notice states that it was deleted."""
    api_with_storage.execute("open('/mnt/data/a', 'w').write('1')", session_id, workspaceId=workspace_id)
    api_with_storage.call("DELETE", f"/workspaces/{workspace_id}")
    run = api_with_storage.execute("open('/mnt/data/a', 'w').write('22')", session_id, workspaceId=workspace_id)
    assert run["workspace"]["isSaved"] is False and "deleted it" in run["notice"]
    assert api_with_storage.call("GET", f"/workspaces/{workspace_id}").status_code == 404


def test_calls_that_come_together_do_not_end_each_others_session(api_with_storage, session_id, workspace_id):
    """One of them restores the workspace; what the other one gets does not concern it."""
    api_with_storage.execute("open('/mnt/data/a', 'w').write('1')", workspaceId=workspace_id)
    body = {"pythonCode": "open('/mnt/data/a').read()", "sessionId": session_id, "workspaceId": workspace_id}
    found = []
    threads = [
        threading.Thread(target=lambda: found.append(api_with_storage.call("POST", "/executions", json=body)))
        for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert any(response.status_code == 200 and response.json()["result"] == "1" for response in found), found
    assert api_with_storage.call("GET", f"/sessions/{session_id}").status_code == 200
