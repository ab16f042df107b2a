"""make demo-large works, on a small scale."""

import contextlib
import os
import re
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import requests

from connector.settings import SETTINGS
from examples.large_files.transfer import Transfer
from examples.sales_report.calls import DemoFailed

ROOT = Path(__file__).resolve().parents[2]
SMALL = ("--rows", "20000", "--excel-rows", "500", "--chunk-bytes", "100000")


def run_demo(*options: str) -> subprocess.CompletedProcess[str]:
    """Without the settings of connectors that run in this process."""
    settings = {"WEBSITE_HOSTNAME", *(setting.name for setting in SETTINGS)}
    return subprocess.run(
        [sys.executable, "-m", "examples.large_files", *options],
        cwd=ROOT,
        env={name: value for name, value in os.environ.items() if name not in settings},
        capture_output=True,
        text=True,
        timeout=90,
    )


def test_files_are_uploaded_in_chunks_and_downloaded_in_ranges(api_with_key):
    """The sums are correct, and the session is deleted at the end."""
    completed = run_demo("--url", api_with_key.url, f"--key={api_with_key.key}", *SMALL)
    assert (completed.returncode, completed.stderr) == (0, "")
    assert "20,000 rows of CSV and 500 of Excel" in completed.stdout
    for name in ("sales.csv", "more_sales.xlsx", "all_sales.csv"):
        assert re.search(rf"^{name} +\[#+\] 100%", completed.stdout, re.MULTILINE)
    assert "identical to the file in the session.\n" in completed.stdout
    (session_id,) = set(re.findall(r'"sessionId": "([^"]+)"', completed.stdout))
    headers = {"x-functions-key": api_with_key.key}
    assert api_with_key.call("GET", f"/sessions/{session_id}", headers=headers).status_code == 404


def test_a_file_is_imported_and_exported_by_reference():
    """In an emulator of its own, with polls; and its bytes are the same in another session."""
    completed = run_demo(*SMALL, "--bytes", "4000000")
    assert (completed.returncode, completed.stderr) == (0, "")
    assert "All bytes are identical to the generated ones." in completed.stdout


def test_connector_without_chunked_uploads_is_reported(emulator, start_connector):
    """Without SIGNING_KEY, the demo prints the connector's error message."""
    completed = run_demo("--url", start_connector(**{**emulator.environment, "SIGNING_KEY": ""}).url, *SMALL)
    assert completed.returncode == 1
    assert "The setting SIGNING_KEY is missing" in completed.stderr


def test_missing_key_is_reported(api_with_key):
    """The message names the option to set."""
    completed = run_demo("--url", api_with_key.url, *SMALL)
    assert completed.returncode == 1
    assert "Set the function key with --key" in completed.stderr


class LossySession(requests.Session):
    """Loses the response to the second PATCH."""

    def __init__(self) -> None:
        super().__init__()
        self.methods: list[str] = []

    def request(self, method: str, *args: Any, **options: Any) -> requests.Response:  # type: ignore[override]
        self.methods.append(method)
        response = super().request(method, *args, **options)
        if method == "PATCH" and self.methods.count("PATCH") == 2:
            raise requests.ConnectionError("the response was lost")
        return response


def test_upload_resumes_after_a_lost_response(api, tmp_path, session_id):
    """A chunk whose response was lost is not sent again blindly: the transfer first gets the bytes received."""
    path = tmp_path / "a.bin"
    path.write_bytes(bytes(range(250)))
    http = LossySession()
    with contextlib.closing(Transfer(api.url, chunk_bytes=100, http=http)) as transfer:
        assert transfer.upload(path, session_id) == session_id
    assert http.methods == ["PUT", "PATCH", "PATCH", "GET", "PATCH"]
    assert api.call("GET", f"/files/a.bin/content?sessionId={session_id}").content == path.read_bytes()


class ChangingSession(requests.Session):
    """Calls `change` after every request."""

    def __init__(self, change: Callable[[], object]) -> None:
        super().__init__()
        self._change = change

    def request(self, *args: Any, **options: Any) -> requests.Response:  # type: ignore[override]
        response = super().request(*args, **options)
        self._change()
        return response


def test_file_that_changes_during_the_download_is_reported(api, tmp_path, session_id):
    """Ranges of two versions are not joined."""

    def upload(size: int) -> None:
        api.call("PUT", f"/files/a.bin?sessionId={session_id}", data=bytes(size))

    upload(250)
    http = ChangingSession(partial(upload, 251))
    with contextlib.closing(Transfer(api.url, chunk_bytes=100, http=http)) as transfer:
        with pytest.raises(DemoFailed, match="changed during the download"):
            transfer.download("a.bin", session_id, tmp_path / "downloaded")
