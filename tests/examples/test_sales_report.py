"""make demo runs from the first request to the last."""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def run_demo(*options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "examples.sales_report", *options], cwd=ROOT, capture_output=True, text=True, timeout=90
    )


def test_demo_runs_on_a_running_connector(api):
    """Every step returns the expected response, and the chart is downloaded."""
    chart = ROOT / "demo-output" / "texas_home_sales.png"
    chart.unlink(missing_ok=True)
    completed = run_demo("--url", api.url.removesuffix("/api"))
    assert completed.returncode == 0, completed.stdout + completed.stderr
    for operation in ("CheckConnection", "UploadFile", "ExecutePythonCode", "ListFiles", "DownloadFile", "EndSession"):
        assert operation in completed.stdout
    assert "home_sales: 8,602 rows" in completed.stdout
    assert '"name": "KeyError"' in completed.stdout
    assert str(chart) in completed.stdout
    assert chart.read_bytes().startswith(b"\x89PNG\r\n\x1a\n")


def test_demo_starts_its_own_emulator():
    """Without a running connector it starts the emulator, and stops it at the end."""
    completed = run_demo()
    assert completed.returncode == 0, completed.stdout + completed.stderr
    (port,) = re.findall(r"connector +http://127\.0\.0\.1:(\d+)/api", completed.stdout) or [""]
    assert port
    completed = run_demo("--url", f"http://127.0.0.1:{port}")
    assert completed.returncode == 1
    assert "Traceback" not in completed.stderr
