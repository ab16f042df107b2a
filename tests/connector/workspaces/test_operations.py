"""SaveWorkspace, RestoreWorkspace, GetWorkspace and DeleteWorkspace."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from tests.connector.workspaces.conftest import blob_of

WRITE = """import os
os.chdir('/mnt/data')
os.makedirs('reports/2026', exist_ok=True); os.makedirs('empty', exist_ok=True)
for name in ('a.csv', 'reports/2026/Umsatz größte +%#.csv', '日本.txt', 'zero', 'new\\nline'):
    with open(name, 'w') as file: file.write('' if name == 'zero' else name * 10)
open(b'not-\\xff-utf8', 'wb').write(b'1')
os.symlink('a.csv', 'link'); os.symlink('/etc/passwd', 'outside'); os.symlink('../..', 'reports/up')
os.utime('a.csv', ns=(1_700_000_000_123_456_789,) * 2)
"""
LIST = """import os
os.chdir('/mnt/data')
found = {}
for folder, folders, names in os.walk('.'):
    folders[:] = [f for f in folders if not f.startswith('_')]
    for name in names + folders:
        path = os.path.join(folder, name)
        shown = path[2:].encode('utf-8', 'surrogateescape').decode('latin-1')
        found[shown] = os.readlink(path) if os.path.islink(path) else os.path.isfile(path) and os.path.getsize(path)
found
"""
BIG = "import random; open('/mnt/data/big', 'wb').write(random.Random(1).randbytes(350_000))"


def save(api, workspace_id, session_id, **members) -> requests.Response:
    return api.call("PUT", f"/workspaces/{workspace_id}", json={"sessionId": session_id, **members})


def restore(api, workspace_id, session_id=None, **members) -> requests.Response:
    return api.call("POST", f"/workspaces/{workspace_id}/restore", json={"sessionId": session_id, **members})


def test_all_files_are_restored_into_another_session(api_with_storage, session_id, workspace_id):
    """Folders, links that stay inside, and names with any characters, with their times; in a session of their own."""
    api_with_storage.execute(WRITE, session_id)
    files = api_with_storage.execute(LIST, session_id)["value"]
    saved = save(api_with_storage, workspace_id, session_id)
    assert (saved.status_code, saved.json()["fileCount"]) == (200, 6), saved.text
    api_with_storage.call("DELETE", f"/sessions/{session_id}")
    restored = restore(api_with_storage, workspace_id).json()
    assert restored == {**saved.json(), "sessionId": restored["sessionId"]} and restored["sessionId"] != session_id
    del files["outside"], files["reports/up"]
    assert api_with_storage.execute(LIST, restored["sessionId"])["value"] == files
    times = api_with_storage.execute("import os; os.stat('/mnt/data/a.csv').st_mtime_ns", restored["sessionId"])
    assert abs(int(times["value"]) - 1_700_000_000_123_456_789) < 1000


def test_nothing_of_an_archive_is_left_in_the_session(api_with_storage, session_id, workspace_id):
    """Neither of the one that was saved, nor of the one that was restored, beyond what later calls need to know."""
    api_with_storage.execute(BIG, session_id)
    save(api_with_storage, workspace_id, session_id)
    restore(api_with_storage, workspace_id, session_id)
    code = (
        "import os; sum(os.path.getsize(os.path.join(folder, name))"
        " for folder, _, names in os.walk('/mnt/data/_transfers') for name in names)"
    )
    assert api_with_storage.execute(code, session_id)["value"] < 1000


def test_polls_continue_saving_and_restoring(api_with_storage, session_id, workspace_id, small_parts, poll_to_end):
    """Each carries at least one part, and the last result is repeated by another poll."""
    api_with_storage.execute(BIG, session_id)
    for begin in (save, restore):
        responses = poll_to_end(begin(api_with_storage, workspace_id, session_id, waitInSeconds=0))
        assert len(responses) > 1 and responses[-1].status_code == 200, responses[-1].text
        again = requests.get(responses[0].headers["Location"], timeout=60)
        assert (again.status_code, again.json()) == (200, responses[-1].json())


def test_a_lost_update_is_refused(api_with_storage, storage, session_id, workspace_id):
    """A session replaces only the version that it has restored or saved, unless the caller names another or any."""
    api_with_storage.execute("open('/mnt/data/a', 'w').write('1')", session_id)
    first = save(api_with_storage, workspace_id, session_id).json()
    other = restore(api_with_storage, workspace_id).json()["sessionId"]
    api_with_storage.execute("open('/mnt/data/b', 'w').write('2')", other)
    second = save(api_with_storage, workspace_id, other).json()
    content = storage.get(blob_of(workspace_id))
    for members in ({}, {"eTag": first["eTag"]}):
        refused = save(api_with_storage, workspace_id, session_id, **members)
        assert (refused.status_code, refused.json()["error"]["code"]) == (409, "WorkspaceChanged")
    assert storage.get(blob_of(workspace_id)) == content
    assert save(api_with_storage, workspace_id, session_id, eTag=second["eTag"]).status_code == 200
    assert save(api_with_storage, workspace_id, other, eTag="*").status_code == 200


def test_a_session_without_the_workspace_does_not_replace_it(api_with_storage, session_id, workspace_id):
    """A workspace of that name that it has not restored is someone else's."""
    api_with_storage.execute("open('/mnt/data/a', 'w').write('1')", session_id)
    save(api_with_storage, workspace_id, session_id)
    other = api_with_storage.execute("open('/mnt/data/b', 'w').write('2')")["sessionId"]
    assert save(api_with_storage, workspace_id, other).json()["error"]["code"] == "WorkspaceChanged"


def test_get_and_delete(api_with_storage, session_id, workspace_id):
    """Deleting a workspace does not touch sessions, and whatever names it then is WorkspaceNotFound."""
    api_with_storage.execute("open('/mnt/data/a', 'w').write('1')", session_id)
    saved = save(api_with_storage, workspace_id, session_id).json()
    del saved["sessionId"]
    assert api_with_storage.call("GET", f"/workspaces/{workspace_id}").json() == saved
    assert api_with_storage.call("DELETE", f"/workspaces/{workspace_id}").status_code == 204
    for method, path, body in (("GET", "", None), ("DELETE", "", None), ("POST", "/restore", {})):
        response = api_with_storage.call(method, f"/workspaces/{workspace_id}{path}", json=body)
        assert (response.status_code, response.json()["error"]["code"]) == (404, "WorkspaceNotFound")
    assert api_with_storage.execute("open('/mnt/data/a').read()", session_id)["result"] == "1"


def test_what_a_name_may_have_is_said(api_with_storage):
    """In the path, and in the body of a run."""
    in_path = api_with_storage.call("GET", "/workspaces/weekly report")
    in_body = api_with_storage.call("POST", "/executions", json={"pythonCode": "1", "workspaceId": "weekly report"})
    for refused in (in_path, in_body):
        assert (refused.status_code, refused.json()["error"]["target"]) == (400, "workspaceId")
        assert "letters, digits, - and _" in refused.json()["error"]["message"]


def test_without_storage_the_setting_is_named(api, session_id):
    """StorageNotConfigured, for every operation, before anything happens."""
    for method, path, body in (
        ("PUT", "", {"sessionId": session_id}),
        ("POST", "/restore", {}),
        ("GET", "", None),
        ("DELETE", "", None),
    ):
        response = api.call(method, f"/workspaces/w{path}", json=body)
        assert (response.status_code, response.json()["error"]["code"]) == (409, "StorageNotConfigured")
    assert api.call("GET", f"/sessions/{session_id}").status_code == 404


def test_a_session_that_does_not_exist_is_not_started(api_with_storage, session_id, workspace_id):
    """SaveWorkspace is SessionNotFound then."""
    assert save(api_with_storage, workspace_id, session_id).json()["error"]["code"] == "SessionNotFound"
    assert api_with_storage.call("GET", f"/sessions/{session_id}").status_code == 404


def test_a_busy_session_is_not_packed(api_with_storage, session_id, workspace_id):
    """The files are saved between runs, so that they fit each other."""
    api_with_storage.execute("open('/mnt/data/a', 'w').write('1')", session_id)
    running = api_with_storage.call(
        "POST",
        "/executions",
        json={"pythonCode": "import time; time.sleep(20)", "sessionId": session_id, "waitInSeconds": 0},
    ).json()
    refused = save(api_with_storage, workspace_id, session_id)
    assert (refused.status_code, refused.json()["error"]["code"]) == (429, "SessionBusy")
    api_with_storage.call("DELETE", f"/executions/{running['executionId']}?sessionId={session_id}")
    assert save(api_with_storage, workspace_id, session_id).status_code == 200


def test_an_archive_needs_room(start_pool, storage, running_connector, start_storage):
    """FileTooLarge, with figures, and nothing is left in the session."""
    pool = start_pool(data_bytes=8_000_000)
    own = start_storage(pool.authority)
    with running_connector(**pool.environment, **own.environment) as api:
        session = api.execute("open('/mnt/data/a', 'wb').write(bytes(5_000_000))")["sessionId"]
        refused = save(api, "w", session)
        assert (refused.status_code, refused.json()["error"]["code"]) == (413, "FileTooLarge")
        assert "5,0" in refused.json()["error"]["message"]
        api.execute("open('/mnt/data/a', 'wb').write(bytes(2_500_000))", session)
        assert save(api, "w", session).status_code == 200
        api.execute("open('/mnt/data/b', 'wb').write(bytes(4_000_000))", session)
        refused = restore(api, "w", session)
        assert (refused.status_code, refused.json()["error"]["code"]) == (413, "FileTooLarge")
        assert own.names() == [blob_of("w")]


FAULTS = [
    ("StorageUnavailable", {"do": "answer", "times": 99}),
    (
        "StorageAccessDenied",
        {"do": "answer", "status": 403, "errorCode": "AuthorizationPermissionMismatch", "times": 99},
    ),
]


@pytest.mark.parametrize("operation", ["PutBlock", "PutBlockList"])
@pytest.mark.parametrize(("code", "fault"), FAULTS)
def test_a_fault_of_storage_leaves_nothing_half_done(
    start_storage, running_connector, emulator, session_id, operation, code, fault
):
    """The workspace keeps its version, and the session has no archive; a later attempt succeeds."""
    own = start_storage()
    with running_connector(**emulator.environment, **own.environment) as api:
        api.execute("open('/mnt/data/a', 'w').write('1')", session_id)
        before = save(api, "w", session_id).json()
        api.execute("open('/mnt/data/a', 'w').write('22')", session_id)
        own.server.faults.add(operation=operation, **fault)
        failed = save(api, "w", session_id, waitInSeconds=1)
        own.server.faults.clear()
        assert api.call("GET", "/workspaces/w").json()["eTag"] == before["eTag"]
        if failed.status_code == 202:  # it goes on when storage is available
            assert code == "StorageUnavailable"
            assert requests.get(failed.headers["Location"], timeout=60).status_code == 200
        else:
            assert failed.json()["error"]["code"] == code, failed.text
        find = "import glob; glob.glob('/mnt/data/_transfers/*/*.tar*')"
        assert api.execute(find, session_id)["value"] == []
        assert save(api, "w", session_id).status_code == 200


def test_a_lost_response_is_no_conflict(start_storage, running_connector, emulator, session_id):
    """A commit that has succeeded succeeds when it is repeated."""
    own = start_storage()
    with running_connector(**emulator.environment, **own.environment) as api:
        api.execute("open('/mnt/data/a', 'w').write('1')", session_id)
        for _ in range(2):
            own.server.faults.add("dropAfter", operation="PutBlockList")
            assert save(api, "w", session_id).status_code == 200


def test_two_saves_at_once_are_one_after_the_other(api_with_storage, session_id, workspace_id):
    """One of them is saved, and the other is saved too, or refused: the workspace is one of both."""
    api_with_storage.execute("open('/mnt/data/a', 'w').write('1')", session_id)
    found = []
    threads = [
        threading.Thread(target=lambda: found.append(save(api_with_storage, workspace_id, session_id)))
        for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    codes = sorted(response.status_code for response in found)
    assert codes[0] == 200 and codes[1] in (200, 409, 429), [response.text for response in found]
    assert api_with_storage.call("GET", f"/workspaces/{workspace_id}").json()["fileCount"] == 1


def test_a_save_of_which_the_session_was_not_told_is_no_conflict(api_with_storage, session_id, workspace_id):
    """The version names the session that has saved it."""
    api_with_storage.execute("open('/mnt/data/a', 'w').write('1')", session_id)
    first = save(api_with_storage, workspace_id, session_id).json()
    save(api_with_storage, workspace_id, session_id)
    code = (
        "import json; path = '/mnt/data/_transfers/workspace.json'; mark = json.load(open(path));"
        f"mark['etag'] = {first['eTag']!r}; json.dump(mark, open(path, 'w'))"
    )
    api_with_storage.execute(code, session_id)
    assert save(api_with_storage, workspace_id, session_id).status_code == 200
    refused = save(api_with_storage, workspace_id, session_id, eTag=first["eTag"])
    assert refused.json()["error"]["code"] == "WorkspaceChanged"


def test_a_repeated_poll_undoes_nothing(api_with_storage, session_id, workspace_id, small_parts, poll_to_end):
    """A session that has saved since it restored still knows what it has saved; the poll has the version restored."""
    api_with_storage.execute(BIG, session_id)
    saved = save(api_with_storage, workspace_id, session_id).json()
    responses = poll_to_end(restore(api_with_storage, workspace_id, waitInSeconds=0))
    session = responses[-1].json()["sessionId"]
    later = save(api_with_storage, workspace_id, session).json()
    again = requests.get(responses[0].headers["Location"], timeout=60).json()
    assert again == responses[-1].json() == {**saved, "sessionId": session} and later["eTag"] != saved["eTag"]
    run = api_with_storage.execute("1", session, workspaceId=workspace_id)
    assert run["workspace"]["eTag"] == later["eTag"] and "notice" not in run


def test_code_that_deletes_the_archive_ends_the_save(
    api_with_storage, storage, session_id, workspace_id, small_parts, poll_to_end
):
    """TransferNotFound, and nothing is stored."""
    api_with_storage.execute(BIG, session_id)
    begun = save(api_with_storage, workspace_id, session_id, waitInSeconds=0)
    code = "import glob, os; [os.unlink(path) for path in glob.glob('/mnt/data/_transfers/*/*.tar')]"
    assert api_with_storage.execute(code, session_id)["value"] == [None]
    ended = poll_to_end(begun)[-1]
    assert (ended.status_code, ended.json()["error"]["code"]) == (404, "TransferNotFound"), ended.text
    assert api_with_storage.call("GET", f"/workspaces/{workspace_id}").status_code == 404
    assert save(api_with_storage, workspace_id, session_id).status_code == 200


def test_thousands_of_small_files_are_one_call(api_with_storage, session_id, workspace_id):
    """2,000 files are saved and restored within the time that a call waits."""
    api_with_storage.execute("[open(f'/mnt/data/{n}', 'w').write(str(n)) for n in range(2000)]; None", session_id)
    assert save(api_with_storage, workspace_id, session_id).json()["fileCount"] == 2000
    restored = restore(api_with_storage, workspace_id)
    assert (restored.status_code, restored.json()["fileCount"]) == (200, 2000)
    code = "import os; sum(int(open(f'/mnt/data/{n}').read()) for n in range(2000))"
    assert api_with_storage.execute(code, restored.json()["sessionId"])["value"] == 1_999_000


def test_a_workspace_may_be_empty(api_with_storage, session_id, workspace_id):
    """It is saved and restored as any other."""
    api_with_storage.execute("1", session_id)
    assert save(api_with_storage, workspace_id, session_id).json()["fileCount"] == 0
    assert restore(api_with_storage, workspace_id).json()["fileCount"] == 0


@pytest.mark.parametrize("operation", ["GetBlobProperties", "GetBlob"])
def test_a_fault_of_storage_restores_nothing(start_storage, running_connector, emulator, session_id, operation):
    """No file of the workspace is in the session, and no run takes place without them."""
    own = start_storage()
    with running_connector(**emulator.environment, **own.environment) as api:
        api.execute("open('/mnt/data/a', 'w').write('1')", session_id, workspaceId="w")
        own.server.faults.add(
            "answer", operation=operation, status=403, errorCode="AuthorizationPermissionMismatch", times=99
        )
        refused = restore(api, "w")
        assert refused.json()["error"]["code"] == "StorageAccessDenied", refused.text
        body = {"pythonCode": "1", "sessionId": f"{session_id}-new", "workspaceId": "w"}
        refused = api.call("POST", "/executions", json=body)
        assert refused.json()["error"]["code"] == "StorageAccessDenied", refused.text
        assert api.call("GET", f"/sessions/{session_id}-new").status_code == 404
        own.server.faults.clear()
        assert api.execute("open('/mnt/data/a').read()", f"{session_id}-new", workspaceId="w")["result"] == "1"


def test_what_was_saved_can_be_restored(api_with_storage, session_id, workspace_id):
    """Whatever times code has given its files, and however deep its folders are."""
    code = """import os
open('/mnt/data/late', 'w').write('1')
os.utime('/mnt/data/late', (1e10, 1e10))
os.chdir('/mnt/data')
for _ in range(400):
    os.mkdir('d')
    os.chdir('d')
os.chdir('/mnt/data')"""
    api_with_storage.execute(code, session_id)
    assert save(api_with_storage, workspace_id, session_id).status_code == 200
    restored = restore(api_with_storage, workspace_id)
    assert restored.status_code == 200, restored.text
    assert api_with_storage.execute("open('/mnt/data/late').read()", restored.json()["sessionId"])["result"] == "1"


def test_a_canceled_save_does_not_begin_again(api_with_storage, session_id, workspace_id, small_parts):
    """A poll that comes late is TransferNotFound, and packs nothing."""
    api_with_storage.execute(BIG, session_id)
    location = save(api_with_storage, workspace_id, session_id, waitInSeconds=0).headers["Location"]
    assert requests.delete(location, timeout=60).status_code == 204
    late = requests.get(location, timeout=60)
    assert (late.status_code, late.json()["error"]["code"]) == (404, "TransferNotFound"), late.text
    find = "import glob; glob.glob('/mnt/data/_transfers/*/*.tar*')"
    assert api_with_storage.execute(find, session_id)["value"] == []
    assert api_with_storage.call("GET", f"/workspaces/{workspace_id}").status_code == 404


def test_a_line_break_is_no_part_of_an_id(api_with_storage):
    """Not at its end either, where Python's `$` allows it: the error is that of the parameter."""
    refused = api_with_storage.call("GET", "/workspaces/report%0A")
    assert (refused.status_code, refused.json()["error"]["target"]) == (400, "workspaceId")


def test_polls_at_once(api_with_storage, session_id, workspace_id, small_parts):
    """Each has the result, or states that there is more to do, whichever of them completes the transfer."""
    api_with_storage.execute(BIG, session_id)
    location = save(api_with_storage, workspace_id, session_id, waitInSeconds=0).headers["Location"]
    with ThreadPoolExecutor(6) as callers:
        polled = list(callers.map(lambda _: requests.get(location, timeout=60), range(6)))
    assert {response.status_code for response in polled} <= {200, 202}, [response.text for response in polled]
    assert requests.get(location, timeout=60).json()["workspaceId"] == workspace_id
