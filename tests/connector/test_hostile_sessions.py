"""What code in a session can forge: records, progress, results of tasks, listings, and what the pool returns of runs.

Whatever it is, each operation responds as documented, and never with a 500.
"""

import dataclasses
import io
import json
import secrets
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import azure.functions as func
import pytest
import requests
import urllib3
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connector.app import Connector
from connector.executions import operations as executions
from connector.files import uploads
from connector.files.upload_urls import UPLOAD_URL
from connector.http.context import Context
from connector.in_session.protocol import EXECUTION_FILES
from connector.links.addresses import LINK
from connector.models import FileBytes
from connector.session_pool.client import SessionPoolClient
from connector.session_pool.errors import UnsuccessfulResponse, response_error
from connector.session_pool.pools import Pools
from connector.session_pool.sessions import CallerSessions
from connector.session_pool.wire import API_VERSIONS, Wire
from tests.connector.conftest import GivenToken
from tests.connector.in_session.test_report import JSON, REPORT

NONCE = "0123456789abcdef"
SESSION, EXECUTION, KEY = "5e55104e-0000-4000-8000-000000000000", "e0e0e0e0-0000-4000-8000-000000000000", "k" * 32
CLAIM = {"code": "hash", "started": 1.0, "memoryLimit": 1 << 30, "timeoutInSeconds": 300}
RUN = {
    "status": "Succeeded",
    "result": {"stdout": "", "stderr": "", "executionResult": "", "executionTimeInMilliseconds": 3},
}
FILE = {"name": "a.txt", "type": "file", "sizeInBytes": 5, "lastModifiedAt": "2026-11-27T00:00:00.1234567Z"}
MODIFIED = datetime(2026, 11, 27, 0, 0, 0, 123456, UTC)
ERROR = {
    "name": "KeyError",
    "message": "'a'",
    "traceback": "",
    "line": 1,
    "facts": [{"name": "KeyError", "columns": []}],
}
OUTPUT = {"contentType": "image/png", "content": "YQ==", "title": "a", "fileName": "output-1.png"}
CHANGED = {"path": "a.txt", "size": 1, "modified": 1.0, "change": "Created"}
FULL_REPORT = {
    **REPORT, "error": ERROR, "outputs": [OUTPUT], "files": [CHANGED], "value": [1], "shown": ["a", ["b"]],
    "facts": {"fonts": ["a"]}, "cells": {"1": 1}, "homeFiles": ["/home/a"], "endedBy": "timeout",
}  # fmt: skip
RESULTS = {
    "room": 1 << 40, "is_free": True, "state": "appended", "received": 5, "size": 5, "is_complete": True, "taken": None,
    "existed": True, "files": 1,
}  # fmt: skip
"""The members of all results of tasks."""

HOSTILE = JSON | st.sampled_from(
    [10**30, -1, 1e308, "\ud800", "../../x", "a" * 5000, [[[]]] * 50, {"": {}}, "9" * 4000]
)


def mutated(valid: Any) -> st.SearchStrategy[Any]:
    """The value, or one of its parts replaced, or left out."""
    strategies = [st.just(valid), HOSTILE]
    if isinstance(valid, dict) and valid:
        names = st.sampled_from(sorted(valid))
        strategies.append(names.map(lambda left: {name: value for name, value in valid.items() if name != left}))
        strategies += [
            mutated(value).map(lambda new, name=name: {**valid, name: new}) for name, value in sorted(valid.items())
        ]
    if isinstance(valid, list) and valid:
        strategies.append(mutated(valid[0]).map(lambda new: [new, *valid[1:]]))
    return st.one_of(strategies)


FORGED = st.fixed_dictionaries(
    {
        "claim": mutated(CLAIM),
        "report": mutated(FULL_REPORT),
        "request": mutated({"code": "1", "hash": "hash", "timeoutInSeconds": 5}),
        "reported": mutated({"returned": RESULTS}) | mutated(FULL_REPORT) | mutated({"isInRecord": True, "seams": {}}),
        "listing": mutated([["a.txt", 5, 1.0]]),
        "run": mutated(RUN),
        "file": mutated(FILE),
        "names": st.sets(st.sampled_from([*sorted(EXECUTION_FILES), "output-1.png"])),
        "knows": st.tuples(st.booleans(), st.booleans()),
    }
)  # fmt: skip


class ForgedPool(SessionPoolClient):
    """A pool whose sessions answer what code in them could."""

    forged: dict[str, Any]

    def call(self, method: str, path: str, identifier: str | None, **request: Any) -> requests.Response:
        folder = request.get("folder", "")
        if method == "POST" and path == self.wire.execute_path:
            return self._json(self._run())
        if method == "POST":
            return self._json(FILE)
        if path == "files":
            return self._json(
                {"value": [{**FILE, "name": name} for name in self.forged["names"]] + [self.forged["file"]]}
            )
        if path.startswith("executions/") and self.forged["knows"][0]:
            return self._json(self._run())
        if path.endswith("/content"):
            return response(self._content(path.split("/")[1], folder))
        if path.startswith("files/") and (method == "DELETE" or self.forged["knows"][1]):
            return self._json(self.forged["file"])
        if path == "session":
            return self._json({})
        unsuccessful = UnsuccessfulResponse(response(b"{}", 404))
        raise response_error(unsuccessful, request.get("not_found"), is_run=False) from unsuccessful

    def _json(self, value: Any) -> requests.Response:
        return response(json.dumps(value).encode())

    def _run(self) -> Any:
        run = self.forged["run"]
        if isinstance(run, dict) and isinstance(run.get("result"), dict):
            stdout = f"before\x1e{NONCE}{json.dumps(self.forged['reported'])}\nafter"
            run = {**run, "result": {**run["result"], "stdout": stdout}}
        return run

    def _content(self, name: str, folder: str) -> bytes:
        report = json.dumps(self.forged["report"]).encode()
        if name == "execution.json":
            return json.dumps(self.forged["claim"]).encode() + b"\n" + report + b"\n"
        if name == "progress.json":
            return report
        if name == "request.json":
            return json.dumps(self.forged["request"]).encode()
        return json.dumps(self.forged["listing"]).encode() if folder == "_transfers/ranges" else b"12345"


def response(body: bytes, status: int = 200) -> requests.Response:
    made = requests.Response()
    made.status_code = status
    made.raw = urllib3.HTTPResponse(
        io.BytesIO(body), {"Content-Type": "application/json"}, status, preload_content=False
    )
    return made


@pytest.fixture(scope="module")
def hostile() -> Iterator[tuple[Connector, ForgedPool]]:
    """A connector, and the pool that it believes in."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(secrets, "token_hex", lambda count: NONCE if count == 8 else "0" * 2 * count)
        patch.setattr(executions, "_CANCEL_SECONDS", 0)
        address = "https://pool.example/subscriptions/a/resourceGroups/b/sessionPools/c"
        connector = Connector({"POOL_MANAGEMENT_ENDPOINT": address, "SIGNING_KEY": KEY})
        pool = ForgedPool(address, GivenToken())
        assert isinstance(connector._shared, Context)
        connector._shared = dataclasses.replace(connector._shared, sessions=CallerSessions(Pools(pool)))
        yield connector, pool


def request(method: str, route: dict[str, str], query: dict[str, str], body: Any, headers: dict[str, str]) -> Any:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    if not isinstance(body, bytes):
        headers = {**headers, "content-type": "application/json"}
    return func.HttpRequest(
        method, "https://host/api/files/executions", headers=headers, params=query, route_params=route, body=content
    )


def url_token(connector: Connector, purpose: str) -> dict[str, str]:
    """The parameters of a link to a file, or of an upload URL for it."""
    assert isinstance(connector._shared, Context) and connector._shared.tokens is not None
    address = {"session_id": SESSION, "caller": None, "folder": "", "file_name": "a.txt"}
    address |= {"upload_id": "0" * 32, "version": FileBytes("", "", 5, None, MODIFIED).etag}
    return {"token": connector._shared.tokens.seal(purpose, address, lifetime_seconds=60)}


def upload_address(connector: Connector, size: int) -> dict[str, str]:
    assert isinstance(connector._shared, Context) and connector._shared.tokens is not None
    upload = uploads.Upload(uploads.FilePath("", "a.txt"), size, "0" * 32)
    address = {**upload.to_json(), "session_id": SESSION, "caller": None}
    return {"token": connector._shared.tokens.seal("upload", address, lifetime_seconds=60)}


HERE = {"sessionId": SESSION}
BEGINS = {"x-ms-transfer-mode": "chunked", "x-ms-content-length": "0"}
RUN_ID = {"executionId": EXECUTION}
CODE = {"pythonCode": "1", "sessionId": SESSION, "waitInSeconds": 0}
NEW = [{"fileName": name, "fileContent": "YQ=="} for name in ("a+b.txt", "a.txt", "b.txt")]
REQUESTS: dict[str, tuple[str, str, dict[str, str], dict[str, str], Any, dict[str, str]]] = {
    "ExecutePythonCode": ("ExecutePythonCode", "POST", {}, {}, {**CODE, "timeoutInSeconds": 5}, {}),
    "one call": ("ExecutePythonCode", "POST", {}, {}, {"pythonCode": "1", "timeoutInSeconds": 5}, {}),
    "GetExecution": ("GetExecution", "GET", RUN_ID, HERE, b"", {}),
    "CancelExecution": ("CancelExecution", "DELETE", RUN_ID, HERE, b"", {}),
    "UploadFile": ("UploadFile", "POST", {}, {}, {"files": NEW, "sessionId": SESSION}, {}),
    "ListFiles": ("ListFiles", "GET", {}, HERE, b"", {}),
    "ListFiles of a folder": ("ListFiles", "GET", {}, {**HERE, "folder": "a+b", "recursive": "true"}, b"", {}),
    "ListFiles by a task": ("ListFiles", "GET", {}, {**HERE, "folder": "a+b"}, b"", {}),
    "GetFile": ("GetFile", "GET", {"fileName": "a+b.txt"}, HERE, b"", {}),
    "DownloadFile": ("DownloadFile", "GET", {"fileName": "a.txt"}, HERE, b"", {}),
    "a range": ("DownloadFile", "GET", {"fileName": "a+b.txt"}, HERE, b"", {"range": "bytes=1-2"}),
    "DeleteFile": ("DeleteFile", "DELETE", {"fileName": "a+b.txt"}, HERE, b"", {}),
    "PutFile": ("PutFile", "PUT", {"fileName": "a.txt"}, HERE, b"", BEGINS),
    "GetUpload": ("GetUpload", "GET", {}, {}, b"", {}),
    "PatchUpload": ("PatchUpload", "PATCH", {}, {}, b"12345", {"content-range": "bytes 0-4/5"}),
    "CancelUpload": ("CancelUpload", "DELETE", {}, {}, b"", {}),
    "ShareFile": ("ShareFile", "POST", {"fileName": "a.txt"}, {}, HERE, {}),
    "OpenSharedFile": ("OpenSharedFile", "GET", {"fileName": "a.txt"}, {}, b"", {"range": "bytes=1-2"}),
    "OpenSharedFileHeaders": ("OpenSharedFileHeaders", "HEAD", {"fileName": "a.txt"}, {}, b"", {}),
    "PutUpload": ("PutUpload", "PUT", {}, {}, b"12345", {}),
    "PutUpload, chunked": ("PutUpload", "PUT", {}, {}, b"", BEGINS),
    "GetSession": ("GetSession", "GET", HERE, {}, b"", {}),
}  # fmt: skip


@pytest.mark.parametrize("name", REQUESTS)
def test_whatever_a_session_returns_has_a_documented_response(hostile, name):
    """A result, or an error of another kind than a bug."""
    connector, pool = hostile
    pool.wire = Wire(API_VERSIONS[1 if "task" in name else 0])  # only older versions need a task for lists
    operation, method, route, query, body, headers = REQUESTS[name]
    if "SharedFile" in operation:
        query = url_token(connector, LINK)
    elif operation == "PutUpload":
        query = url_token(connector, UPLOAD_URL)
    elif "Upload" in operation and operation != "UploadFile":
        route = upload_address(connector, 5)
    sent = request(method, route, query, body, headers)
    documented = connector._shared.contract.document["paths"]
    statuses = next(
        set(item[method.lower()]["responses"])
        for item in documented.values()
        if item.get(method.lower(), {}).get("operationId") == operation
    )

    @given(FORGED)
    @settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck), database=None, derandomize=True)
    def check(forged: dict[str, Any]) -> None:
        pool.forged = forged
        answer = connector.respond(operation, sent)
        assert answer.status_code != 500, answer.get_body()[:300]
        assert str(answer.status_code) in statuses, answer.get_body()[:300]
        if answer.mimetype == "application/json" and answer.get_body():
            json.loads(answer.get_body())

    check()


FORGES_TASKS = """
import os
os.statvfs = lambda path: type("Status", (), {"f_bavail": float("inf"), "f_frsize": 1})()
"""
FORGES_RECORDS = """
import json, os
record = "/mnt/data/_outputs/{}"
os.makedirs(record)
with open(record + "/execution.json", "w") as file:
    file.write('{{"code": "a", "started": 1, "memoryLimit": 1' + '0' * 400 + '}}\\n[' + '[],' * (1 << 20) + '1]\\n')
"""


def test_code_that_forges_results_of_tasks_gets_an_error(api, session_id):
    """That names the remedy."""
    assert api.call("POST", "/executions", json={"pythonCode": FORGES_TASKS, "sessionId": session_id}).ok
    begin = {"x-ms-transfer-mode": "chunked", "x-ms-content-length": "5"}
    answer = api.call("PUT", f"/files/a.txt?sessionId={session_id}", headers=begin)
    assert (answer.status_code, answer.json()["error"]["code"]) == (502, "PoolRejected"), answer.text
    assert "End the session" in answer.json()["error"]["message"]


def test_an_execution_whose_record_is_forged_is_unknown(api, session_id):
    """Such as one of a million lists, with a number of hundreds of digits."""
    code = FORGES_RECORDS.format(EXECUTION)
    assert (
        api.call("POST", "/executions", json={"pythonCode": code, "sessionId": session_id}).json()["status"]
        == "Succeeded"
    )
    execution = api.call("GET", f"/executions/{EXECUTION}?sessionId={session_id}").json()
    assert (execution["status"], execution["error"]["name"]) == ("Unknown", "RecordUnreadable")
    assert "Check the session's files" in execution["error"]["hint"]
