"""The session pool as a separate process, and clients that call it over HTTP with keep-alive."""

import contextlib
import http.client
import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.parse import urlencode, urlsplit

ROOT = Path(__file__).resolve().parents[1]
_VERSION = "2025-10-02-preview"
_BOUNDARY = "a-boundary-that-no-content-has"


class PoolProgram:
    """Runs during its `with` block. `url` and `isolation` are from its output."""

    def __init__(self, *options: str) -> None:
        self._options = options
        self.url = self.isolation = ""

    def __enter__(self) -> "PoolProgram":
        command = [sys.executable, "-m", "emulator.session_pool", "--port", "0", "--accept-any-token", *self._options]
        self._process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if line.startswith("session pool"):
                self.url = line.split()[-1]
            elif line.startswith("isolation"):
                self.isolation = line.removeprefix("isolation").strip()
            elif line.startswith("ready"):
                return self
        raise RuntimeError(f"the session pool did not start (exit code {self._process.wait()})")

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.terminate()
        try:
            self._process.wait(60)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def is_running(self) -> bool:
        return self.exit_code is None

    @property
    def exit_code(self) -> int | None:
        """None while it runs; the negative number of a signal that ended it."""
        return self._process.poll()


class Refused(Exception):
    """An unexpected response."""

    def __init__(self, status: int, body: bytes) -> None:
        super().__init__(f"{status} {body[:300].decode(errors='replace')}")
        self.status = status


class Caller:
    """One connection, for one thread. Every method raises Refused for a status from 300 on, and OSError."""

    def __init__(self, url: str, *, timeout: float = 60) -> None:
        """`timeout` is in seconds, for each read."""
        address = urlsplit(url)
        self._connection = http.client.HTTPConnection(str(address.hostname), address.port, timeout=timeout)
        self._path = address.path

    def close(self) -> None:
        self._connection.close()

    def run(self, identifier: str, code: str, **members: Any) -> dict[str, Any]:
        """Run code. Returns the complete response; `members` of the body are such as `timeoutInSeconds`."""
        body = json.dumps({"code": code, **members}).encode()
        response = self._call("POST", "executions", identifier, body, {"Content-Type": "application/json"})
        return dict(json.loads(response))

    def value(self, identifier: str, code: str, **members: Any) -> Any:
        """Run code that must succeed. Returns the value of its last expression."""
        response = self.run(identifier, code, **members)
        if response["status"] != "Succeeded":
            raise Refused(200, json.dumps(response).encode())
        return response["result"]["executionResult"]

    def abandon(self, identifier: str, code: str) -> None:
        """Start a run, and close the connection without waiting for the response."""
        body = json.dumps({"code": code}).encode()
        self._connection.request("POST", self._target("executions", identifier), body, _headers())
        self._connection.close()

    def upload(self, identifier: str, name: str, content: bytes) -> None:
        """Upload a file in pieces, so that the content is not copied in this process."""
        head = (
            f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n'
            "Content-Type: application/octet-stream\r\n\r\n"
        ).encode()
        tail = f"\r\n--{_BOUNDARY}--\r\n".encode()

        def pieces() -> Iterator[bytes]:
            yield head
            source = io.BytesIO(content)  # shares the bytes
            while piece := source.read(1 << 18):
                yield piece
            yield tail

        length = str(len(head) + len(content) + len(tail))
        kind = f"multipart/form-data; boundary={_BOUNDARY}"
        self._call("POST", "files", identifier, pieces(), {"Content-Type": kind, "Content-Length": length})

    def download(self, identifier: str, name: str) -> bytes:
        return self._call("GET", f"files/{name}/content", identifier)

    def list_files(self, identifier: str, *, recursive: bool = False) -> bytes:
        """The list of files, as it is received."""
        return self._call("GET", "files", identifier, parameters={"recursive": str(recursive).lower()})

    def metadata(self) -> bytes:
        return self._call("GET", "metadata", "")

    def end(self, identifier: str) -> bool:
        """End a session. Returns False if it did not exist."""
        try:
            self._call("DELETE", "session", identifier)
        except Refused as refusal:
            if refusal.status == 404:
                return False
            raise
        return True

    def sessions(self) -> list[str]:
        """The identifiers of all sessions."""
        found: list[str] = []
        while True:
            page = json.loads(self._call("GET", "listSessions", "", parameters={"skip": str(len(found))}))
            found += [session["identifier"] for session in page["sessions"]]
            if "nextLink" not in page:
                return found

    def end_all(self) -> None:
        for identifier in self.sessions():
            self.end(identifier)

    def empty(self) -> None:
        """Send the cheapest request to the pool: get a session that does not exist."""
        with contextlib.suppress(Refused):
            self._call("GET", "session", "missing")

    def _target(self, route: str, identifier: str, parameters: dict[str, str] | None = None) -> str:
        query = {"api-version": _VERSION, **(parameters or {})}
        if identifier:
            query["identifier"] = identifier
        return f"{self._path}/{route}?{urlencode(query)}"

    def _call(
        self,
        method: str,
        route: str,
        identifier: str,
        body: bytes | Iterator[bytes] | None = None,
        headers: dict[str, str] | None = None,
        parameters: dict[str, str] | None = None,
    ) -> bytes:
        target = self._target(route, identifier, parameters)
        try:
            self._connection.request(method, target, body, {**_headers(), **(headers or {})})
            response = self._connection.getresponse()
            content = response.read()
        except (OSError, http.client.HTTPException):
            self._connection.close()  # the next call opens it again
            raise
        if response.status >= 300:
            raise Refused(response.status, content)
        return content


def _headers() -> dict[str, str]:
    return {"Authorization": "Bearer any"}


def with_repository(environment: dict[str, str] | None = None) -> dict[str, str]:
    """The environment for processes that import modules of this repository."""
    return {**os.environ, **(environment or {}), "PYTHONPATH": str(ROOT)}
