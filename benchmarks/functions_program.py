"""A process that runs the connector's functions as a worker of Azure Functions does, and measures jobs.

`python -m benchmarks.functions_program JOB=MEGABYTES ...` prints a line of JSON for each job, `{"seconds", "grown"}`:
its duration, and the bytes of additional memory at its peak. The level before a job includes the body of its request,
unless the job creates its bodies itself. Each job checks the bytes that it receives. The environment variables are
those of the app.
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

from .processes import peak, reset_peak, resident

MB = 1_000_000
CHUNK = 32 << 20
CONCURRENCY = 16
"""Concurrent uploads of large files."""

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
        """The response. A call that is refused because of others is sent again. Raises RuntimeError if the status is
        not the expected one.
        """
        request = func.HttpRequest(
            method=method,
            url=f"http://127.0.0.1/api{path}",
            headers=headers or {},
            params={"sessionId": self.session} if "fileName" in route else {},
            route_params=route,
            body=body,
        )
        while True:
            response = self.connector.respond(operation_id, request)
            if response.headers.get("x-ms-error-code") != "ConnectorBusy":
                break
            time.sleep(int(response.headers["Retry-After"]))
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
        """The SHA-256 digest of the file in the session."""
        code = "import hashlib\nhashlib.file_digest(open('/mnt/data/x.bin', 'rb'), 'sha256').hexdigest()"
        body = json.dumps({"sessionId": self.session, "pythonCode": code}).encode()
        response = self.call("ExecutePythonCode", "POST", "/executions", body=body, headers=_JSON)
        return str(json.loads(response.get_body())["result"])

    def begin(self, size: int) -> str:
        """Begin a chunked upload. Returns the token in its URL."""
        headers = {"x-ms-transfer-mode": "chunked", "x-ms-content-length": str(size)}
        begun = self.call("PutFile", "PUT", "/files/x.bin", headers=headers, fileName="x.bin")
        return str(begun.headers["Location"].rpartition("=")[2])

    def patch(self, token: str, first: int, chunk: bytes, size: int) -> None:
        headers = {"content-range": f"bytes={first}-{first + len(chunk) - 1}/{size}"}
        self.call("PatchUpload", "PATCH", f"/uploads?token={token}", body=chunk, headers=headers, token=token)


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


def upload_chunks(functions: Functions, size: int) -> Callable[[], Any]:
    """The job creates one chunk after the other, as if it received them."""

    def job() -> None:
        token, sent = functions.begin(size), hashlib.sha256()
        for first in range(0, size, CHUNK):
            chunk = os.urandom(min(CHUNK, size - first))
            sent.update(chunk)
            functions.patch(token, first, chunk, size)
            del chunk
        if functions.digest() != sent.hexdigest():
            raise RuntimeError("the file in the session differs")

    return job


def concurrent_puts(functions: Functions, size: int) -> Callable[[], Any]:
    """One call per thread of an instance, each to its own session. The figure includes the bodies."""
    return lambda: _concurrently(functions, lambda one: put(one, size)())


def concurrent_chunked_uploads(functions: Functions, size: int) -> Callable[[], Any]:
    """One upload per thread of an instance. The figure includes the bodies, which are chunks."""
    return lambda: _concurrently(functions, lambda one: upload_chunks(one, size)())


def _concurrently(functions: Functions, job: Callable[[Functions], Any]) -> None:
    with ThreadPoolExecutor(CONCURRENCY) as threads:
        for _ in threads.map(job, [Functions(functions.connector) for _ in range(CONCURRENCY)]):
            pass


def download(functions: Functions, size: int) -> Callable[[], Any]:
    functions.put(os.urandom(size))

    def job() -> None:
        if hashlib.sha256(functions.get().get_body()).hexdigest() != functions.digest():
            raise RuntimeError("the downloaded file differs")

    return job


def download_ranges(functions: Functions, size: int) -> Callable[[], Any]:
    upload_chunks(functions, size)()

    def job() -> None:
        received = hashlib.sha256()
        for first in range(0, size, CHUNK):
            received.update(functions.get(range=f"bytes={first}-{min(first + CHUNK, size) - 1}").get_body())
        if received.hexdigest() != functions.digest():
            raise RuntimeError("the downloaded file differs")

    return job


JOBS: dict[str, Callable[[Functions, int], Callable[[], Any]]] = {
    job.__name__: job
    for job in (
        put,
        upload_json,
        upload_form,
        upload_chunks,
        concurrent_puts,
        concurrent_chunked_uploads,
        download,
        download_ranges,
    )
}


def main() -> int:
    functions = Functions(Connector())
    functions.put(b"warm")
    functions.get()
    functions.digest()
    for argument in sys.argv[1:]:
        name, _, megabytes = argument.partition("=")
        job = JOBS[name](functions, int(megabytes) * MB)
        gc.collect()
        reset_peak(os.getpid())
        before, started = resident(os.getpid()), time.perf_counter()
        job()
        seconds = time.perf_counter() - started
        print(json.dumps({"seconds": seconds, "grown": peak(os.getpid()) - before}), flush=True)
        del job
    return 0


if __name__ == "__main__":
    sys.exit(main())
