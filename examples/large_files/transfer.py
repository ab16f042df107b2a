"""Files up and down in parts, by the connector's REST interface. What breaks off goes on from where it was.

Up: PutFile begins, PatchUpload takes the parts at the address that it answered, GetUpload tells how far it is. Down:
DownloadFile with the header Range; If-Range sees to it that all parts are of one version of the file.
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
    """The connector at `api_url`, such as `http://127.0.0.1:7071/api`. Without `part_bytes`, it advises how many."""

    def __init__(self, api_url: str, key: str | None = None, part_bytes: int | None = None) -> None:
        self._api_url, self._part_bytes = api_url, part_bytes
        self._key = {"x-functions-key": key} if key else {}
        self._http = requests.Session()
        self._http.trust_env = not is_on_this_machine(api_url)

    def close(self) -> None:
        self._http.close()

    def upload(self, path: Path, session_id: str | None) -> str:
        """Stores the file under its name; the session that it is in. Raises DemoFailed."""
        size = path.stat().st_size
        headers = {**self._key, "x-ms-transfer-mode": "chunked", "x-ms-content-length": str(size)}
        query = {"sessionId": session_id} if session_id else {}
        address = f"{self._api_url}/files/{quote(path.name)}"
        answer = self._call("PUT", address, params=query, headers=headers)
        begun = answer.headers["Location"]
        with path.open("rb") as file, Progress(path.name, size) as progress:
            while (first := _received(answer)) < size:
                file.seek(first)
                part = file.read(self._part_bytes or int(answer.headers["x-ms-chunk-size"]))
                headers = {"Content-Range": f"bytes {first}-{first + len(part) - 1}/{size}"}
                answer = self._call("PATCH", begun, headers=headers, data=part, or_ask=begun)
                progress.reached(_received(answer))
        return str(answer.json()["sessionId"])

    def download(self, name: str, session_id: str, target: Path) -> None:
        """Writes the file to `target`. Raises DemoFailed, also when it changes meanwhile."""
        address = f"{self._api_url}/files/{quote(name)}/content"
        query = {"sessionId": session_id}
        told = self._call("HEAD", address, params=query, headers=self._key).headers
        size, length = int(told["Content-Length"]), self._part_bytes or 32 << 20
        with target.open("wb") as file, Progress(name, size) as progress:
            while (first := file.tell()) < size:
                headers = {**self._key, "Range": f"bytes={first}-{first + length - 1}", "If-Range": told["ETag"]}
                answer = self._call("GET", address, params=query, headers=headers)
                if answer.status_code != 206:
                    raise DemoFailed(f"{name} changed while it was fetched.")
                file.write(answer.content)
                progress.reached(file.tell())

    def _call(
        self,
        method: str,
        address: str,
        *,
        headers: dict[str, str],
        params: dict[str, str] | None = None,
        data: bytes | None = None,
        or_ask: str | None = None,
    ) -> requests.Response:
        """The answer, of a later attempt where it must be; then GET `or_ask` tells first what has arrived."""
        for attempt in range(1, ATTEMPTS + 1):
            pause = 1.0
            try:
                if attempt > 1 and or_ask is not None:
                    method, address, headers, params, data = "GET", or_ask, {}, None, None
                answer = self._http.request(
                    method, address, headers=headers, params=params, data=data, timeout=TIMEOUT_SECONDS
                )
            except requests.RequestException as error:
                why = type(error).__name__
            else:
                if answer.ok:
                    return answer
                why = f"{answer.status_code} {answer.text[:300]}"
                if answer.status_code != 429 and answer.status_code < 502:
                    break
                pause = float(answer.headers.get("Retry-After", pause))
            if attempt < ATTEMPTS:
                time.sleep(pause)
        hint = " Give the function key with --key." if why.startswith("401") else ""
        raise DemoFailed(f"{method} {address.partition('/uploads/')[0]} failed: {why}.{hint}")


def _received(answer: requests.Response) -> int:
    """How many bytes the connector has, by the header Range."""
    return int(answer.headers["Range"].rpartition("-")[2]) + 1 if "Range" in answer.headers else 0
