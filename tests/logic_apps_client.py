"""A client that transfers files as a workflow of Azure Logic Apps does, with its chunking protocol and its retries.

Sources: the pages "Handle large messages" and "Handle errors and exceptions" in the documentation of Azure Logic Apps.
Only the first request has the key: the engine follows `Location` without the headers of the action.
"""

import time
from collections.abc import Callable, Iterator
from itertools import cycle
from urllib.parse import urlsplit

import requests

RETRIED = {408, 429, *range(500, 600)}
LONGEST_PAUSE_SECONDS = 2.0
"""Tests do not wait longer, even if Retry-After is longer."""


class TransferFailed(Exception):
    """The action failed; `response` is the final response."""

    def __init__(self, response: requests.Response) -> None:
        super().__init__(f"{response.status_code} {response.text[:300]}")
        self.response = response


class LogicApps:
    """`instances` are the URLs of the app's instances, between which requests alternate as with a load balancer."""

    def __init__(self, *instances: str, key: str | None = None, retries: int = 4) -> None:
        self._instances = cycle(instances)
        self._headers = {"x-functions-key": key} if key else {}
        self._retries = retries
        self.pauses: list[float] = []
        """The seconds of Retry-After before each retry."""

    def upload(
        self, path: str, size: int, read: Callable[[int, int], bytes], chunk_bytes: int = 0
    ) -> requests.Response:
        """Send `size` bytes, read with `read(first, length)`. Returns the last response. Raises TransferFailed."""
        return self.send_rest(self.begin(path, size), 0, size, read, chunk_bytes)

    def begin(self, path: str, size: int) -> requests.Response:
        """Begin a chunked upload. `Location` of the response is the URL for the chunks."""
        headers = {**self._headers, "x-ms-transfer-mode": "chunked", "x-ms-content-length": str(size)}
        return self._call("PUT", f"/api{path}", headers=headers)

    def send_rest(
        self, begun: requests.Response, first: int, size: int, read: Callable[[int, int], bytes], chunk_bytes: int = 0
    ) -> requests.Response:
        """Send the bytes from `first` on. Returns the last response."""
        response, length = begun, chunk_bytes
        while first < size:
            length = chunk_bytes or int(response.headers.get("x-ms-chunk-size", length))
            chunk = read(first, min(length, size - first))
            response = self.send_part(begun, first, chunk, size)
            first = self.received(response)
        return response

    def send_part(self, begun: requests.Response, first: int, chunk: bytes, size: int) -> requests.Response:
        headers = {
            "Content-Range": f"bytes={first}-{first + len(chunk) - 1}/{size}",
            "Content-Type": "application/octet-stream",
        }
        return self._call("PATCH", self._followed(begun), data=chunk, headers=headers)

    def resume(
        self, begun: requests.Response, size: int, read: Callable[[int, int], bytes], chunk_bytes: int = 0
    ) -> requests.Response:
        """Get the bytes received so far, and send the rest."""
        progress = self._call("GET", self._followed(begun))
        return self.send_rest(begun, self.received(progress), size, read, chunk_bytes)

    def received(self, response: requests.Response) -> int:
        """The number of bytes received, from the header Range."""
        return int(response.headers["Range"].rpartition("-")[2]) + 1 if "Range" in response.headers else 0

    def download(self, path: str, chunk_bytes: int, first: int = 0) -> Iterator[requests.Response]:
        """Yield the responses with the ranges, from `first` on, all of the same version of the file."""
        version: dict[str, str] = {}
        size = first + 1
        while first < size:
            headers = {**self._headers, **version, "Range": f"bytes={first}-{first + chunk_bytes - 1}"}
            response = self._call("GET", f"/api{path}", headers=headers)
            if response.status_code != 206:
                raise TransferFailed(response)
            byte_range, _, total = response.headers["Content-Range"].removeprefix("bytes ").partition("/")
            assert byte_range.startswith(f"{first}-")
            first, size = int(byte_range.partition("-")[2]) + 1, int(total)
            version = {"If-Range": response.headers["ETag"]}
            yield response

    def _followed(self, begun: requests.Response) -> str:
        """The path and query of `Location`, which must be absolute. The load balancer chooses the instance."""
        location = urlsplit(begun.headers["Location"])
        assert location.scheme and location.netloc
        return f"{location.path}?{location.query}"

    def _call(self, method: str, path: str, **request: object) -> requests.Response:
        for attempt in range(self._retries + 1):
            if attempt:
                time.sleep(min(self.pauses[-1], LONGEST_PAUSE_SECONDS))
            try:
                response = requests.request(method, next(self._instances) + path, timeout=60, **request)  # type: ignore[arg-type]
            except requests.ConnectionError:  # the next instance may respond
                if attempt == self._retries:
                    raise
                self.pauses.append(0.05)
                continue
            if response.status_code not in RETRIED or attempt == self._retries:
                break
            self.pauses.append(float(response.headers.get("Retry-After", 0.1)))
        if not response.ok:
            raise TransferFailed(response)
        return response
