"""`includeContent: links`: links to the outputs and files of runs, with and without storage."""

import threading
import time
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import requests

from connector.links import execution_links
from connector.storage.storage import SHARED
from connector.transfers import transfer
from tests.conftest import Api, Storage

CHART = """
import matplotlib.pyplot as plt
plt.plot([1, 2]); plt.title('Sales'); plt.show()
open('/mnt/data/report.csv', 'w').write('a,b')
"""


def run(api: Api, session_id: str, code: str = CHART, **members: Any) -> dict[str, Any]:
    body = {"pythonCode": code, "sessionId": session_id, "includeContent": "links", **members}
    response = api.call("POST", "/executions", json=body)
    assert response.status_code in (200, 202), response.text
    return response.json()


def again(api: Api, execution: dict[str, Any], method: str = "GET", include: str = "links") -> dict[str, Any]:
    path = f"/executions/{execution['executionId']}?sessionId={execution['sessionId']}&includeContent={include}"
    return api.call(method, path).json()


def blobs(storage: Storage, execution: dict[str, Any]) -> list[str]:
    return [name for name in storage.names(SHARED) if f"/{execution['executionId']}/" in name]


def test_charts_and_files_have_durable_links(api_with_storage, storage, session_id):
    """In place of the charts' content; they work when the session has ended."""
    execution = run(api_with_storage, session_id)
    (chart,), (file,) = execution["outputs"], execution["files"]
    assert "content" not in chart and execution["truncated"] == {"outputs": True} and "notice" not in execution
    for linked in (chart, file):
        assert datetime.fromisoformat(linked["expirationTime"]) > datetime.now(UTC) + timedelta(hours=23)
    assert len(blobs(storage, execution)) == 2
    api_with_storage.call("DELETE", f"/sessions/{session_id}").raise_for_status()
    assert requests.get(chart["fileUrl"], timeout=30).content.startswith(b"\x89PNG")
    assert requests.get(file["fileUrl"], timeout=30).content == b"a,b"


def test_without_storage_links_are_to_the_session(api, session_id):
    """And state when it ends."""
    execution = run(api, session_id)
    (chart,), (file,) = execution["outputs"], execution["files"]
    assert requests.get(chart["fileUrl"], timeout=30).content.startswith(b"\x89PNG")
    assert requests.get(file["fileUrl"], timeout=30).content == b"a,b"
    assert datetime.fromisoformat(file["expirationTime"]) < datetime.now(UTC) + timedelta(hours=1)


def test_tables_keep_their_content_beside_their_links(api_with_storage, session_id):
    """Workflows read it."""
    execution = run(api_with_storage, session_id, "import pandas as pd; pd.DataFrame({'a': [1]})")
    assert {output["contentType"] for output in execution["outputs"]} == {"text/html", "application/json"}
    assert all(output["content"] and output["fileUrl"] for output in execution["outputs"])


def test_a_result_that_is_requested_again_has_the_same_copies(api_with_storage, storage, session_id):
    """From GetExecution and CancelExecution, and on any instance; other forms of the result have no links."""
    execution = run(api_with_storage, session_id)
    first = {name: storage.server.account.container("files").blobs[name].etag for name in blobs(storage, execution)}
    for method in ("GET", "DELETE"):
        repeated = again(api_with_storage, execution, method)
        assert requests.get(repeated["files"][0]["fileUrl"], timeout=30).content == b"a,b"
    assert first == {
        name: storage.server.account.container("files").blobs[name].etag for name in blobs(storage, execution)
    }
    for include in ("auto", "always", "never"):
        repeated = again(api_with_storage, execution, include=include)
        assert "fileUrl" not in repeated["files"][0] and "openaiFileResponse" not in repeated


def test_a_run_in_progress_has_no_links(api_with_storage, storage, session_id):
    """Polls return them at its end."""
    code = f"{CHART}\nimport os, time\nwhile not os.path.exists('/mnt/data/go'): time.sleep(0.01)"
    body = {"pythonCode": code, "sessionId": session_id, "includeContent": "links", "timeoutInSeconds": 60}
    begun = api_with_storage.call("POST", "/executions", json={**body, "waitInSeconds": 0})
    assert begun.status_code == 202
    running = requests.get(begun.headers["Location"], timeout=30)
    assert running.status_code == 202 and not blobs(storage, running.json())
    assert not [file for file in running.json()["files"] if "fileUrl" in file]
    form = {"data": {"sessionId": session_id}, "files": {"file": ("go", b"1")}}
    api_with_storage.call("POST", "/files", **form).raise_for_status()
    until = time.monotonic() + 30
    while (ended := requests.get(begun.headers["Location"], timeout=30)).status_code == 202:
        assert time.monotonic() < until
    assert requests.get(ended.json()["outputs"][0]["fileUrl"], timeout=30).content.startswith(b"\x89PNG")


def test_a_file_that_was_changed_since_has_no_link(api_with_storage, session_id):
    """The notice names it: a link would be to what the run has not made."""
    execution = run(api_with_storage, session_id, "open('/mnt/data/report.csv', 'w').write('a,b')")
    api_with_storage.execute("open('/mnt/data/report.csv', 'w').write('something else')", session_id)
    repeated = again(api_with_storage, execution)
    assert "fileUrl" not in repeated["files"][0] and "'report.csv'" in repeated["notice"]


def test_links_that_cannot_be_made_never_fail_a_run(emulator, start_storage, start_connector, session_id):
    """The notice states why, and charts keep their content."""
    storage = start_storage()
    connector = start_connector(**emulator.environment, **storage.environment)
    storage.server.faults.add("answer", status=503, retryAfter=30, times=1000)
    execution = run(connector, session_id)
    assert execution["status"] == "Succeeded" and execution["outputs"][0]["content"]
    assert not [item for item in (*execution["outputs"], *execution["files"]) if "fileUrl" in item]
    assert "Blob Storage is busy" in execution["notice"] and "ShareFile" in execution["notice"]
    storage.server.faults.clear()
    assert again(connector, execution)["files"][0]["fileUrl"]


def test_only_so_many_files_have_links(api, session_id, monkeypatch):
    """The notice counts the others."""
    monkeypatch.setattr(execution_links, "MOST_LINKS", 2)
    monkeypatch.setattr(execution_links, "MOST_BYTES", 100)
    code = "for n in range(10): open(f'/mnt/data/{n}', 'w').write('x' * (1000 if n == 0 else n))"
    execution = run(api, session_id, code)
    assert [file["fileName"] for file in execution["files"] if "fileUrl" in file] == ["1", "2"]
    assert "'0', '3', '4', '5', '6' and 3 more" in execution["notice"]


def test_a_run_that_has_used_up_the_time_has_its_links_later(api_with_storage, session_id, monkeypatch):
    """As the notice states."""
    with monkeypatch.context() as patch:
        patch.setattr(transfer, "LATEST_SECONDS", 0.0)
        execution = run(api_with_storage, session_id)
    assert "fileUrl" not in execution["files"][0] and execution["outputs"][0]["content"]
    assert "request the result again with GetExecution" in execution["notice"]
    assert again(api_with_storage, execution)["files"][0]["fileUrl"]


def test_without_a_signing_key_nothing_runs(emulator, start_connector, session_id):
    """The error comes before the code."""
    connector = start_connector(**{**emulator.environment, "SIGNING_KEY": ""})
    body = {"pythonCode": "1", "sessionId": session_id, "includeContent": "links"}
    refused = connector.call("POST", "/executions", json=body)
    assert refused.status_code == 500 and "SIGNING_KEY" in refused.json()["error"]["message"]
    assert connector.call("GET", f"/sessions/{session_id}").status_code == 404


def test_gpts_get_the_files_that_they_can_read(emulator, storage, start_connector, session_id):
    """At https addresses that do not redirect, with the headers that state name and type."""
    public = {"PUBLIC_BASE_URL": "https://app.example"}
    connector = start_connector(**emulator.environment, **storage.environment, **public)
    execution = run(connector, session_id)
    (url,) = execution["openaiFileResponse"]  # not the chart
    assert (
        url.startswith("https://app.example/api/shared/report.csv?token=") and url != execution["files"][0]["fileUrl"]
    )
    path = urlsplit(url)
    got = connector.call("GET", f"/shared/report.csv?{path.query}", allow_redirects=False)
    assert (got.status_code, got.content, got.headers["Content-Type"]) == (200, b"a,b", "text/csv")
    assert 'filename="report.csv"' in got.headers["Content-Disposition"]


def test_two_requests_for_one_result(api_with_storage, storage, session_id):
    """At once, they share the copies, and both have links."""
    execution = api_with_storage.execute("open('/mnt/data/report.csv', 'w').write('a,b')", session_id)
    found: list[dict[str, Any]] = []
    threads = [threading.Thread(target=lambda: found.append(again(api_with_storage, execution))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(blobs(storage, execution)) == 1
    for result in found:
        assert requests.get(result["files"][0]["fileUrl"], timeout=30).content == b"a,b", result
