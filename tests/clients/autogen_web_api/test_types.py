"""The types of the example. Its packages are only in this environment, so `make check` leaves it out."""

import subprocess
import sys

import pytest
from programs import ROOT


@pytest.mark.timeout(300)  # mypy reads the sources of all packages, without a cache
def test_types_are_right(tmp_path):
    """mypy finds nothing in strict mode, as in the rest of the project."""
    command = [sys.executable, "-m", "mypy", "--strict", "--config-file=", f"--cache-dir={tmp_path}"]
    completed = subprocess.run(
        [*command, "-p", "examples.autogen_web_api"], cwd=ROOT, capture_output=True, text=True, timeout=280
    )
    assert completed.returncode == 0, completed.stdout + completed.stderr
    assert "no issues found in 1 source file\n" not in completed.stdout
