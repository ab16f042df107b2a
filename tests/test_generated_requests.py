"""Requests that Schemathesis makes up from the documents, good ones and bad ones, get the answers that those promise.

The same requests each time but for ids of earlier answers, and few enough for every run of the tests. `EXAMPLES=500`
makes up so many for each operation, other ones each time.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import Api, connector_with, emulated_pool
from tests.generated_requests import REPLACED

ROOT = Path(__file__).resolve().parents[1]
EXAMPLES = os.environ.get("EXAMPLES")
LONGEST_SECONDS = 3600 if EXAMPLES else 90


@pytest.fixture(scope="module")
def connector() -> Iterator[Api]:
    """With a pool of its own: most of the requests make a session, which nobody uses again."""
    with emulated_pool(max_sessions=200, cooldown=10) as pool:
        with connector_with(require_keys=True, **pool.environment) as running:
            yield running


@pytest.mark.timeout(LONGEST_SECONDS + 10)
@pytest.mark.parametrize("document", ["openapi.yaml", "/openapi.json"], ids=["whole contract", "agents"])
def test_answers_to_generated_requests_keep_to_the_document(connector, document, tmp_path):
    """Status, headers, Content-Type and body are as promised; what is allowed is taken, and what is not is refused."""
    location = f"{connector.url}{document}" if document.startswith("/") else str(ROOT / document)
    command = [sys.executable, "-m", "schemathesis.cli", "run", location, "--url", connector.url]
    command += ["--header", f"x-functions-key: {connector.key}", "--checks", "all"]
    command += ["--exclude-checks", ",".join(REPLACED), "--continue-on-failure", "--request-timeout", "20"]
    # It tells of operations whose ids it cannot guess; they are tried all the same, with ids of earlier answers.
    command += ["--warnings", "off", "--no-color"]
    command += ["--max-examples", EXAMPLES or "10"] + ([] if EXAMPLES else ["--generation-deterministic"])
    environment = {**os.environ, "SCHEMATHESIS_HOOKS": "tests.generated_requests", "PYTHONPATH": str(ROOT)}
    ran = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, timeout=LONGEST_SECONDS, check=False
    )
    assert ran.returncode == 0, (ran.stdout + ran.stderr).decode(errors="replace")
