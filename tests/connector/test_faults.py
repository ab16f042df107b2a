"""Every operation with every fault of the pool: the response is documented, and comes before the deadline.

`promised.py` compares each response with openapi.yaml.
"""

import contextlib
import secrets
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests

from connector.outbound.deadlines import Deadlines
from tests.conftest import Api, Emulator, connector_with, emulated_pool
from tests.promised import PromiseBroken, promises

PATIENT = Deadlines(
    operation_seconds=20,
    hand_over_pause_seconds=0.01,
    hand_over_seconds=0.2,
    retry_pause_seconds=0.01,
    longest_retry_pause_seconds=0.2,
)
"""Short pauses; reads may take as long as they do on a test machine with much to do."""

STATUSES = (200, 202, 204, 207, 302, 400, 401, 403, 404, 409, 413, 416, 429, 500, 502, 503, 504)
FAULTS: dict[str, dict[str, Any]] = {
    **{f"answer {status}": {"do": "answer", "status": status} for status in STATUSES},
    "429, later": {"do": "answer", "status": 429, "retryAfter": 60},
    "503, later": {"do": "answer", "status": 503, "retryAfter": 60},
    "drop before": {"do": "dropBefore"},
    "drop after": {"do": "dropAfter"},
    "truncate": {"do": "truncate"},
    "expire": {"do": "expireSession"},
}


@pytest.fixture(scope="module")
def own_pool() -> Iterator[Emulator]:
    with emulated_pool(max_sessions=600) as pool:
        yield pool


@pytest.fixture(scope="module")
def own_api(own_pool: Emulator) -> Iterator[Api]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("connector.app.DEADLINES", PATIENT)
        with connector_with(**own_pool.environment) as api:
            yield api


class Prepared:
    """A session with a file, an ended execution, and a begun upload."""

    def __init__(self, api: Api) -> None:
        self.api = api
        self.session_id = f"faults-{secrets.token_hex(8)}"
        api.call("PUT", f"/files/a.txt?sessionId={self.session_id}", data=b"abc").raise_for_status()
        api.call("PUT", f"/files/q%3F.txt?sessionId={self.session_id}", data=b"abc").raise_for_status()
        execution = api.execute("1", self.session_id, timeoutInSeconds=10, waitInSeconds=5)
        self.execution_id = execution["executionId"]
        begun = api.call(
            "PUT",
            f"/files/big.bin?sessionId={self.session_id}",
            headers={"x-ms-transfer-mode": "chunked", "x-ms-content-length": "6"},
        )
        self.upload = begun.headers["Location"].partition("/api")[2]
        self.links = {name: self.share(name).json()["fileUrl"].partition("/api")[2] for name in ("a.txt", "q%3F.txt")}

    def run(self, **members: Any) -> requests.Response:
        body = {"pythonCode": "1 + 1", "sessionId": self.session_id, **members}
        return self.api.call("POST", "/executions", json=body)

    def share(self, name: str) -> requests.Response:
        return self.api.call("POST", f"/files/{name}/links", json={"sessionId": self.session_id})

    def upload_url(self) -> requests.Response:
        return self.api.call("POST", "/uploads", json={"fileName": "a.txt", "sessionId": self.session_id})

    def file(self, method: str, path: str, **request: Any) -> requests.Response:
        return self.api.call(method, f"/files/{path}?sessionId={self.session_id}", **request)


OPERATIONS: dict[str, Callable[[Prepared], requests.Response]] = {
    "ExecutePythonCode": lambda it: it.run(timeoutInSeconds=1, waitInSeconds=1),
    "ExecutePythonCode in background": lambda it: it.run(timeoutInSeconds=9, waitInSeconds=1),
    "ExecutePythonCode without waiting": lambda it: it.run(timeoutInSeconds=9, waitInSeconds=0, idempotencyKey="k"),
    "GetExecution": lambda it: it.api.call("GET", f"/executions/{it.execution_id}?sessionId={it.session_id}"),
    "CancelExecution": lambda it: it.api.call("DELETE", f"/executions/{it.execution_id}?sessionId={it.session_id}"),
    "UploadFile": lambda it: it.api.call(
        "POST",
        "/files",
        json={"sessionId": it.session_id, "files": [{"fileName": n, "fileContent": "YQ=="} for n in ("a.txt", "b?")]},
    ),
    "PutFile": lambda it: it.file("PUT", "a.txt", data=b"abc"),
    "PutFile, chunked": lambda it: it.file(
        "PUT", "c.bin", headers={"x-ms-transfer-mode": "chunked", "x-ms-content-length": "6"}
    ),
    "CreateUploadUrl": lambda it: it.upload_url(),
    "PutUpload": lambda it: it.api.call("PUT", it.upload_url().json()["uploadUrl"].partition("/api")[2], data=b"abc"),
    "PutUpload, chunked": lambda it: it.api.call(
        "PUT",
        it.upload_url().json()["uploadUrl"].partition("/api")[2],
        headers={"x-ms-transfer-mode": "chunked", "x-ms-content-length": "6"},
    ),
    "ShareFile": lambda it: it.share("a.txt"),
    "ShareFile of a name that the pool does not take": lambda it: it.share("q%3F.txt"),
    "OpenSharedFile": lambda it: it.api.call("GET", it.links["a.txt"]),
    "OpenSharedFile of a name that the pool does not take": lambda it: it.api.call("GET", it.links["q%3F.txt"]),
    "OpenSharedFileHeaders": lambda it: it.api.call("HEAD", it.links["a.txt"]),
    "PatchUpload": lambda it: it.api.call(
        "PATCH", it.upload, data=b"abc", headers={"Content-Range": "bytes 0-2/6", "Content-Type": "text/plain"}
    ),
    "GetUpload": lambda it: it.api.call("GET", it.upload),
    "CancelUpload": lambda it: it.api.call("DELETE", it.upload),
    "ListFiles": lambda it: it.api.call("GET", f"/files?sessionId={it.session_id}&recursive=true"),
    "ListFiles of a folder that the pool does not list": lambda it: it.api.call(
        "GET", f"/files?sessionId={it.session_id}&folder=x.y"
    ),
    "GetFile": lambda it: it.file("GET", "a.txt"),
    "GetFile of a name that the pool does not take": lambda it: it.file("GET", "q%3F.txt"),
    "DownloadFile": lambda it: it.file("GET", "a.txt/content"),
    "DownloadFile, a range": lambda it: it.file("GET", "a.txt/content", headers={"Range": "bytes=1-1"}),
    "DownloadFileHeaders": lambda it: it.file("HEAD", "a.txt/content"),
    "DeleteFile": lambda it: it.file("DELETE", "a.txt"),
    "DeleteFile of a name that the pool does not take": lambda it: it.file("DELETE", "q%3F.txt"),
    "GetSession": lambda it: it.api.call("GET", f"/sessions/{it.session_id}"),
    "EndSession": lambda it: it.api.call("DELETE", f"/sessions/{it.session_id}"),
    "CheckConnection": lambda it: it.api.call("GET", "/connection"),
}


@contextlib.contextmanager
def failing(pool: Emulator, fault: dict[str, Any], after: int, times: int) -> Iterator[None]:
    """The requests of the pool after the first ones have this fault."""
    faults = f"{pool.pool.url}/faults"
    if after:
        requests.post(faults, json={"do": "delay", "seconds": 0, "times": after}, timeout=10).raise_for_status()
    requests.post(faults, json={**fault, "times": times}, timeout=10).raise_for_status()
    try:
        yield
    finally:
        requests.delete(faults, timeout=10).raise_for_status()


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("times", [1, 2, 1000])
@pytest.mark.parametrize("after", [0, 1, 2, 3])
def test_each_fault_at_each_call(own_api, own_pool, operation, after, times):
    """Once, twice or for good, from the first, second, third or fourth call of the pool on."""
    undocumented = []
    prepared = None
    for name, fault in FAULTS.items():
        if prepared is None or name == "expire" or operation.startswith(("End", "Cancel", "Delete", "Patch")):
            prepared = Prepared(own_api)
        with failing(own_pool, fault, after, times):
            OPERATIONS[operation](prepared)
        try:
            promises.settle()
        except PromiseBroken as broken:
            undocumented.append(f"{name}: {broken}")
        deadline = time.monotonic() + 20
        while own_api.call("GET", "/connection").status_code != 200:  # the circuit is closing
            assert time.monotonic() < deadline, name
            time.sleep(0.1)
    assert not undocumented, "\n".join(undocumented)
