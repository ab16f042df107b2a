"""A client that moves files as a workflow of Azure Logic Apps does: its chunking protocol, its retries, no more.

Sources: the pages "Handle large messages" and "Handle errors and exceptions" in the documentation of Azure Logic Apps.
The key goes with the first request alone: the engine follows `Location` without the headers of the action.
"""

import time
from collections.abc import Callable, Iterator
from itertools import cycle
from urllib.parse import urlsplit

import requests

RETRIED = {408, 429, *range(500, 600)}
LONGEST_PAUSE_SECONDS = 2.0
"""A test does not wait longer, whatever Retry-After says."""


class TransferFailed(Exception):
    """An answer that ends the action; `response` has it."""

    def __init__(self, response: requests.Response) -> None:
        super().__init__(f"{response.status_code} {response.text[:300]}")
        self.response = response


class LogicApps:
    """`instances` are the addresses of the app's instances, among which a front end would share the requests."""

    def __init__(self, *instances: str, key: str | None = None, retries: int = 4) -> None:
        self._instances = cycle(instances)
        self._headers = {"x-functions-key": key} if key else {}
        self._retries = retries
        self.pauses: list[float] = []
        """What Retry-After said, for each time that the client came back."""

    def upload(self, path: str, size: int, read: Callable[[int, int], bytes], part_bytes: int = 0) -> requests.Response:
        """Sends `size` bytes, which `read(first, length)` gives; the answer to the last part. Raises TransferFailed."""
        return self.send_rest(self.begin(path, size), 0, size, read, part_bytes)

    def begin(self, path: str, size: int) -> requests.Response:
        """The answer whose `Location` takes the parts."""
        headers = {**self._headers, "x-ms-transfer-mode": "chunked", "x-ms-content-length": str(size)}
        return self._call("PUT", f"/api{path}", headers=headers)

    def send_rest(
        self, begun: requests.Response, first: int, size: int, read: Callable[[int, int], bytes], part_bytes: int = 0
    ) -> requests.Response:
        """Sends what comes from `first` on; the answer to the last part."""
        answer, length = begun, part_bytes
        while first < size:
            length = part_bytes or int(answer.headers.get("x-ms-chunk-size", length))
            part = read(first, min(length, size - first))
            answer = self.send_part(begun, first, part, size)
            first = self.received(answer)
        return answer

    def send_part(self, begun: requests.Response, first: int, part: bytes, size: int) -> requests.Response:
        headers = {
            "Content-Range": f"bytes={first}-{first + len(part) - 1}/{size}",
            "Content-Type": "application/octet-stream",
        }
        return self._call("PATCH", self._followed(begun), data=part, headers=headers)

    def resume(
        self, begun: requests.Response, size: int, read: Callable[[int, int], bytes], part_bytes: int = 0
    ) -> requests.Response:
        """Asks how far it is, and goes on from there."""
        so_far = self._call("GET", self._followed(begun))
        return self.send_rest(begun, self.received(so_far), size, read, part_bytes)

    def received(self, answer: requests.Response) -> int:
        """How many bytes the header Range tells of."""
        return int(answer.headers["Range"].rpartition("-")[2]) + 1 if "Range" in answer.headers else 0

    def download(self, path: str, part_bytes: int, first: int = 0) -> Iterator[requests.Response]:
        """The answers with the parts, from `first` on; they are all of one version of the file."""
        version: dict[str, str] = {}
        size = first + 1
        while first < size:
            headers = {**self._headers, **version, "Range": f"bytes={first}-{first + part_bytes - 1}"}
            answer = self._call("GET", f"/api{path}", headers=headers)
            if answer.status_code != 206:
                raise TransferFailed(answer)
            told, _, total = answer.headers["Content-Range"].removeprefix("bytes ").partition("/")
            assert told.startswith(f"{first}-")
            first, size = int(told.partition("-")[2]) + 1, int(total)
            version = {"If-Range": answer.headers["ETag"]}
            yield answer

    def _followed(self, begun: requests.Response) -> str:
        """A Location must be absolute; which instance gets the request is the front end's choice."""
        location = urlsplit(begun.headers["Location"])
        assert location.scheme and location.netloc and not location.query
        return location.path

    def _call(self, method: str, path: str, **request: object) -> requests.Response:
        for attempt in range(self._retries + 1):
            if attempt:
                time.sleep(min(self.pauses[-1], LONGEST_PAUSE_SECONDS))
            try:
                answer = requests.request(method, next(self._instances) + path, timeout=60, **request)  # type: ignore[arg-type]
            except requests.ConnectionError:  # the next instance may be there
                if attempt == self._retries:
                    raise
                self.pauses.append(0.05)
                continue
            if answer.status_code not in RETRIED or attempt == self._retries:
                break
            self.pauses.append(float(answer.headers.get("Retry-After", 0.1)))
        if not answer.ok:
            raise TransferFailed(answer)
        return answer
