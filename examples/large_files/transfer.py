"""Chunked uploads and ranged downloads over the connector's REST interface. An interrupted transfer is resumed.

Upload: PutFile begins it and returns a URL, PatchUpload sends chunks there, and GetUpload returns the bytes received.
Download: DownloadFile with the header Range; If-Range ensures that all ranges are of the same version of the file.
"""

import time
from pathlib import Path
from urllib.parse import quote

import requests

from examples.large_files.progress import Progress
from examples.sales_report.calls import DemoFailed, is_on_this_machine

ATTEMPTS = 8
TIMEOUT_SECONDS = (10, 120)


class Transfer:
    """The connector at `api_url`, such as `http://127.0.0.1:7071/api`. It recommends a chunk size if none is given."""

    def __init__(
        self,
        api_url: str,
        key: str | None = None,
        chunk_bytes: int | None = None,
        http: requests.Session | None = None,
    ) -> None:
        self._api_url, self._chunk_bytes = api_url, chunk_bytes
        self._key = {"x-functions-key": key} if key else {}
        self._http = http or requests.Session()
        self._http.trust_env = not is_on_this_machine(api_url)

    def close(self) -> None:
        self._http.close()

    def upload(self, path: Path, session_id: str | None) -> str:
        """Upload the file under its own name. Returns the ID of its session. Raises DemoFailed."""
        size = path.stat().st_size
        headers = {**self._key, "x-ms-transfer-mode": "chunked", "x-ms-content-length": str(size)}
        query = {"sessionId": session_id} if session_id else {}
        url = f"{self._api_url}/files/{quote(path.name)}"
        response = self._call("PUT", url, params=query, headers=headers)
        upload_url = response.headers["Location"]
        with path.open("rb") as file, Progress(path.name, size) as progress:
            while (first := _received(response)) < size:
                file.seek(first)
                chunk = file.read(self._chunk_bytes or int(response.headers["x-ms-chunk-size"]))
                headers = {"Content-Range": f"bytes {first}-{first + len(chunk) - 1}/{size}"}
                response = self._call("PATCH", upload_url, headers=headers, data=chunk, resume_url=upload_url)
                progress.update(_received(response))
        return str(response.json()["sessionId"])

    def download(self, name: str, session_id: str, target: Path) -> None:
        """Download the file to `target`. Raises DemoFailed, also if the file changes during the download."""
        url = f"{self._api_url}/files/{quote(name)}/content"
        query = {"sessionId": session_id}
        file_headers = self._call("HEAD", url, params=query, headers=self._key).headers
        size, length = int(file_headers["Content-Length"]), self._chunk_bytes or 32 << 20
        with target.open("wb") as file, Progress(name, size) as progress:
            while (first := file.tell()) < size:
                byte_range = f"bytes={first}-{first + length - 1}"
                headers = {**self._key, "Range": byte_range, "If-Range": file_headers["ETag"]}
                response = self._call("GET", url, params=query, headers=headers)
                if response.status_code != 206:
                    raise DemoFailed(f"{name} changed during the download.")
                file.write(response.content)
                progress.update(file.tell())

    def _call(
        self,
        method: str,
        url: str,
        *,
        headers: dict[str, str],
        params: dict[str, str] | None = None,
        data: bytes | None = None,
        resume_url: str | None = None,
    ) -> requests.Response:
        """The response, after retries if needed. A retry gets `resume_url`, if given: it has the bytes received."""
        for attempt in range(1, ATTEMPTS + 1):
            pause = 1.0
            try:
                if attempt > 1 and resume_url is not None:
                    method, url, headers, params, data = "GET", resume_url, {}, None, None
                response = self._http.request(
                    method, url, headers=headers, params=params, data=data, timeout=TIMEOUT_SECONDS
                )
            except requests.RequestException as error:
                problem = type(error).__name__
            else:
                if response.ok:
                    return response
                problem = f"{response.status_code} {response.text[:300]}"
                if response.status_code != 429 and response.status_code < 502:
                    break
                pause = float(response.headers.get("Retry-After", pause))
            if attempt < ATTEMPTS:
                time.sleep(pause)
        hint = " Set the function key with --key." if problem.startswith("401") else ""
        raise DemoFailed(f"{method} {url.partition('?token=')[0]} failed: {problem}.{hint}")


def _received(response: requests.Response) -> int:
    """The number of bytes that the connector has received, from the header Range."""
    return int(response.headers["Range"].rpartition("-")[2]) + 1 if "Range" in response.headers else 0
