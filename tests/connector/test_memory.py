"""The memory that a file takes in addition to the body of its request, measured as in benchmarks.files."""

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SLACK = 8.0
"""Megabytes that a small file would take as well."""


JOBS = {
    "put=30": 0.3 * 30,
    "upload_json=30": 4.0 * 30,
    "upload_form=30": 1.1 * 30,
    "download=30": 1.1 * 30,
    "upload_chunks=300": 2.0 * 33.6,
    "download_ranges=100": 2.0 * 33.6,
    "concurrent_chunked_uploads=34": 16 * 1.2 * 33.6,
}
"""Job and size of the file, and the limit for additional memory, in megabytes."""


def test_memory_of_files_is_limited(emulator):
    """Raw bytes need almost none, base64 its texts, a download one copy, chunks and ranges one chunk."""
    command = [sys.executable, "-m", "benchmarks.functions_program", *JOBS]
    environment = {"PATH": "/usr/bin:/bin", **emulator.environment}
    completed = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=90)
    assert completed.returncode == 0, completed.stderr
    grown = [json.loads(line)["grown"] / 1e6 for line in completed.stdout.splitlines()]
    over = {job: more for (job, most), more in zip(JOBS.items(), grown, strict=True) if more > most + SLACK}
    assert not over
