"""How much memory the process of the functions needs beyond the body of a request, as benchmarks.files measures it."""

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SLACK = 8.0
"""Megabytes: what small files would take as well."""


JOBS = {
    "put=30": 0.3 * 30,
    "upload_json=30": 4.0 * 30,
    "upload_form=30": 1.1 * 30,
    "download=30": 1.1 * 30,
    "upload_parts=300": 2.0 * 33.6,
    "download_parts=100": 2.0 * 33.6,
    "upload_parts_at_once=34": 16 * 1.2 * 33.6,
}
"""Job and megabytes of the file, and how many more the process may hold."""


def test_a_file_takes_no_more_memory_than_it_must(emulator):
    """Raw uploads: nothing; base64: its texts; downloads: the file once; chunks and ranges: one of them."""
    command = [sys.executable, "-m", "benchmarks.functions_program", *JOBS]
    environment = {"PATH": "/usr/bin:/bin", **emulator.environment}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=90)
    assert done.returncode == 0, done.stderr
    grown = [json.loads(line)["grown"] / 1e6 for line in done.stdout.splitlines()]
    over = {job: more for (job, most), more in zip(JOBS.items(), grown, strict=True) if more > most + SLACK}
    assert not over
