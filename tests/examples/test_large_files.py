"""make demo-large does what it tells, on a small scale."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
import requests

from examples.large_files.transfer import Transfer
from examples.sales_report.calls import DemoFailed

ROOT = Path(__file__).resolve().parents[2]
SMALL = ("--rows", "20000", "--excel-rows", "500", "--part-bytes", "100000")


def play(*options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "examples.large_files", *options], cwd=ROOT, capture_output=True, text=True, timeout=90
    )


def test_the_files_go_up_and_down(api_with_key):
    """In parts, with the right sums, and the session is gone at the end."""
    played = play("--url", api_with_key.url, f"--key={api_with_key.key}", *SMALL)
    assert (played.returncode, played.stderr) == (0, "")
    assert "20,000 rows of CSV and 500 of Excel" in played.stdout
    for name in ("sales.csv", "more_sales.xlsx", "all_sales.csv"):
        assert re.search(rf"^{name} +\[#+\] 100%", played.stdout, re.MULTILINE)
    assert played.stdout.endswith("the same as in the session.\n")
    (session_id,) = set(re.findall(r'"sessionId": "([^"]+)"', played.stdout))
    headers = {"x-functions-key": api_with_key.key}
    assert api_with_key.call("GET", f"/sessions/{session_id}", headers=headers).status_code == 404


def test_a_connector_that_takes_no_parts_is_told(emulator, start_connector):
    """Without SIGNING_KEY the demo ends with the connector's own words."""
    played = play("--url", start_connector(**{**emulator.environment, "SIGNING_KEY": ""}).url, *SMALL)
    assert played.returncode == 1
    assert "The setting SIGNING_KEY is missing" in played.stderr


def test_a_missing_key_is_told(api_with_key):
    """The option to give is named."""
    played = play("--url", api_with_key.url, *SMALL)
    assert played.returncode == 1
    assert "Give the function key with --key" in played.stderr


def test_an_upload_goes_on_after_a_fault(api, tmp_path, session_id, monkeypatch):
    """A part whose answer was lost is not sent blindly again: what is there is asked for first."""
    path = tmp_path / "a.bin"
    path.write_bytes(bytes(range(250)))
    transfer = Transfer(api.url, part_bytes=100)
    send, sent = transfer._http.request, []

    def lossy(method, address, **request):
        sent.append(method)
        answer = send(method, address, **request)
        if sent.count("PATCH") == 2 and method == "PATCH":
            raise requests.ConnectionError("the answer was lost")
        return answer

    monkeypatch.setattr(transfer._http, "request", lossy)
    assert transfer.upload(path, session_id) == session_id
    transfer.close()
    assert sent == ["PUT", "PATCH", "PATCH", "GET", "PATCH"]
    assert api.call("GET", f"/files/a.bin/content?sessionId={session_id}").content == path.read_bytes()


def test_a_file_that_changes_on_the_way_down_is_told(api, tmp_path, session_id, monkeypatch):
    """Parts of two versions are not joined."""
    api.call("PUT", f"/files/a.bin?sessionId={session_id}", data=bytes(250))
    transfer = Transfer(api.url, part_bytes=100)
    send = transfer._http.request

    def changing(method, address, **request):
        answer = send(method, address, **request)
        api.call("PUT", f"/files/a.bin?sessionId={session_id}", data=bytes(251))
        return answer

    monkeypatch.setattr(transfer._http, "request", changing)
    with pytest.raises(DemoFailed, match="changed while it was fetched"):
        transfer.download("a.bin", session_id, tmp_path / "got")
    transfer.close()
