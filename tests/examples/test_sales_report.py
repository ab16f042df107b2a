"""The sales report plays from its first request to its last."""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def play(*options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "examples.sales_report", *options], cwd=ROOT, capture_output=True, text=True, timeout=90
    )


def test_the_story_plays_on_a_running_connector(api):
    """Upload, five runs, a failure, list, download, delete, end: each answers as the tutorial says."""
    chart = ROOT / "demo-output" / "texas_home_sales.png"
    chart.unlink(missing_ok=True)
    told = play("--url", api.url.removesuffix("/api"))
    assert told.returncode == 0, told.stdout + told.stderr
    for shown in ("CheckConnection", "UploadFile", "ExecutePythonCode", "ListFiles", "DownloadFile", "EndSession"):
        assert shown in told.stdout
    assert "home_sales: 8,602 rows" in told.stdout
    assert '"name": "KeyError"' in told.stdout
    assert str(chart) in told.stdout
    assert chart.read_bytes().startswith(b"\x89PNG\r\n\x1a\n")


def test_the_story_brings_its_own_emulator():
    """Without a server it starts one, and leaves none behind."""
    told = play()
    assert told.returncode == 0, told.stdout + told.stderr
    (port,) = re.findall(r"connector +http://127\.0\.0\.1:(\d+)/api", told.stdout) or [""]
    assert port
    refused = play("--url", f"http://127.0.0.1:{port}")
    assert refused.returncode == 1
    assert "Traceback" not in refused.stderr
