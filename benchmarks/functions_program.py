"""A process that runs the connector's functions, as a worker of Azure Functions does, and measures what jobs take.

`python -m benchmarks.functions_program JOB=MEGABYTES ...` prints a line of JSON for each, `{"seconds", "grown"}`: how
long the job took, and by how many bytes the process grew at its peak beyond what it held before, the request's body
among that unless the job makes its bodies itself. A job checks that what came back is what was sent. The environment is
that of the app.
"""

import base64
import gc
import hashlib
import json
import os
import sys
import time
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import azure.functions as func

from connector.app import Connector

from .processes import forget_peak, peak, resident

MB = 1_000_000
PART = 32 << 20
AT_ONCE = 16
"""Calls that an instance takes, by the deployment's default."""

_JSON = {"content-type": "application/json"}


class Functions:
    """The functions, called as the worker calls them."""

    def __init__(self, connector: Connector) -> None:
        self.session = str(uuid.uuid4())
        self.connector = connector

    def call(
        self,
        operation_id: str,
        method: str,
        path: str,
        *,
        body: bytes = b"",
        headers: dict[str, str] | None = None,
        expected: int = 200,
        **route: str,
    ) -> func.HttpResponse:
        """Raises RuntimeError for another status."""
        request = func.HttpRequest(
            method=method,
            url=f"http://127.0.0.1/api{path}",
            headers=headers or {},
            params={"sessionId": self.session} if "fileName" in route else {},
            route_params=route,
            body=body,
        )
        response = self.connector.answer(operation_id, request)
        if response.status_code != expected:
            raise RuntimeError(f"{operation_id}: {response.status_code} {response.get_body()[:300]!r}")
        return response

    def put(self, body: bytes) -> None:
        self.call("PutFile", "PUT", "/files/x.bin", body=body, fileName="x.bin")

    def get(self, **headers: str) -> func.HttpResponse:
        expected = 206 if headers else 200
        return self.call(
            "DownloadFile", "GET", "/files/x.bin/content", headers=headers, expected=expected, fileName="x.bin"
        )

    def digest(self) -> str:
        """Of the file, as the session has it."""
        code = "import hashlib\nhashlib.file_digest(open('/mnt/data/x.bin', 'rb'), 'sha256').hexdigest()"
        sent = json.dumps({"sessionId": self.session, "pythonCode": code}).encode()
        told = json.loads(self.call("ExecutePythonCode", "POST", "/executions", body=sent, headers=_JSON).get_body())
        return str(told["result"])

    def begin(self, size: int) -> str:
        """The token in the address of an upload."""
        headers = {"x-ms-transfer-mode": "chunked", "x-ms-content-length": str(size)}
        begun = self.call("PutFile", "PUT", "/files/x.bin", headers=headers, fileName="x.bin")
        return str(begun.headers["Location"].rpartition("/")[2])

    def patch(self, token: str, first: int, part: bytes, size: int) -> None:
        headers = {"content-range": f"bytes={first}-{first + len(part) - 1}/{size}"}
        self.call("PatchUpload", "PATCH", f"/uploads/{token}", body=part, headers=headers, token=token)


def put(functions: Functions, size: int) -> Callable[[], Any]:
    body = os.urandom(size)
    return lambda: functions.put(body)


def upload_json(functions: Functions, size: int) -> Callable[[], Any]:
    content = base64.b64encode(os.urandom(size))
    body = b'{"sessionId": "%s", "files": [{"fileName": "x.bin", "fileContent": "%s"}]}' % (
        functions.session.encode(),
        content,
    )
    del content
    return lambda: functions.call("UploadFile", "POST", "/files", body=body, headers=_JSON)


def upload_form(functions: Functions, size: int) -> Callable[[], Any]:
    head = b'--b\r\nContent-Disposition: form-data; name="file"; filename="x.bin"\r\n\r\n'
    body = head + os.urandom(size) + b"\r\n--b--\r\n"
    headers = {"content-type": "multipart/form-data; boundary=b", "content-length": str(len(body))}
    return lambda: functions.call("UploadFile", "POST", "/files", body=body, headers=headers)


def upload_parts(functions: Functions, size: int) -> Callable[[], Any]:
    """The parts are made one after the other, as they come from outside."""

    def job() -> None:
        token, sent = functions.begin(size), hashlib.sha256()
        for first in range(0, size, PART):
            part = os.urandom(min(PART, size - first))
            sent.update(part)
            functions.patch(token, first, part, size)
            del part
        if functions.digest() != sent.hexdigest():
            raise RuntimeError("the session has another file")

    return job


def puts_at_once(functions: Functions, size: int) -> Callable[[], Any]:
    """As many as an instance takes, each into a session of its own; with the bodies, which the worker would hold."""
    return lambda: _at_once(functions, lambda one: put(one, size)())


def upload_parts_at_once(functions: Functions, size: int) -> Callable[[], Any]:
    """As many as an instance takes; with the bodies, which are parts."""
    return lambda: _at_once(functions, lambda one: upload_parts(one, size)())


def _at_once(functions: Functions, job: Callable[[Functions], Any]) -> None:
    with ThreadPoolExecutor(AT_ONCE) as threads:
        for _ in threads.map(job, [Functions(functions.connector) for _ in range(AT_ONCE)]):
            pass


def download(functions: Functions, size: int) -> Callable[[], Any]:
    functions.put(os.urandom(size))

    def job() -> None:
        if hashlib.sha256(functions.get().get_body()).hexdigest() != functions.digest():
            raise RuntimeError("another file came back")

    return job


def download_parts(functions: Functions, size: int) -> Callable[[], Any]:
    upload_parts(functions, size)()

    def job() -> None:
        got = hashlib.sha256()
        for first in range(0, size, PART):
            got.update(functions.get(range=f"bytes={first}-{min(first + PART, size) - 1}").get_body())
        if got.hexdigest() != functions.digest():
            raise RuntimeError("another file came back")

    return job


JOBS: dict[str, Callable[[Functions, int], Callable[[], Any]]] = {
    job.__name__: job
    for job in (
        put,
        upload_json,
        upload_form,
        upload_parts,
        puts_at_once,
        upload_parts_at_once,
        download,
        download_parts,
    )
}


def main() -> int:
    functions = Functions(Connector())
    functions.put(b"warm")
    functions.get()
    functions.digest()
    for asked in sys.argv[1:]:
        name, _, megabytes = asked.partition("=")
        job = JOBS[name](functions, int(megabytes) * MB)
        gc.collect()
        forget_peak(os.getpid())
        before, started = resident(os.getpid()), time.perf_counter()
        job()
        seconds = time.perf_counter() - started
        print(json.dumps({"seconds": seconds, "grown": peak(os.getpid()) - before}), flush=True)
        del job
    return 0


if __name__ == "__main__":
    sys.exit(main())
