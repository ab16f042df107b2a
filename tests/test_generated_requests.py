"""Valid and invalid requests that Schemathesis generates from the documents get the documented responses.

By default the requests are few, and the same each time except for IDs from earlier responses. `EXAMPLES=500` generates
that many for each operation, different ones each time.
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
    """A connector with a separate pool: most of the requests create a session that is not used again. It allows links
    for as long as the document, which has what any setting may allow.
    """
    with emulated_pool(max_sessions=200, cooldown=10) as pool:
        with connector_with(require_keys=True, LINK_MAX_HOURS="8760", **pool.environment) as running:
            yield running


@pytest.mark.timeout(LONGEST_SECONDS + 10)
@pytest.mark.parametrize("document", ["openapi.yaml", "/openapi.json"], ids=["complete contract", "agents"])
def test_responses_to_generated_requests_match_the_document(connector, document, tmp_path):
    """Status, headers, content type and body are as documented; valid data is accepted, and invalid data rejected."""
    location = f"{connector.url}{document}" if document.startswith("/") else str(ROOT / document)
    command = [sys.executable, "-m", "schemathesis.cli", "run", location, "--url", connector.url]
    command += ["--header", f"x-functions-key: {connector.key}", "--checks", "all"]
    command += ["--exclude-checks", ",".join(REPLACED), "--continue-on-failure", "--request-timeout", "20"]
    # It warns of operations whose IDs it cannot guess, but it calls them with IDs from earlier responses.
    command += ["--warnings", "off", "--no-color"]
    command += ["--max-examples", EXAMPLES or "10"] + ([] if EXAMPLES else ["--generation-deterministic"])
    environment = {**os.environ, "SCHEMATHESIS_HOOKS": "tests.generated_requests", "PYTHONPATH": str(ROOT)}
    completed = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, timeout=LONGEST_SECONDS, check=False
    )
    assert completed.returncode == 0, (completed.stdout + completed.stderr).decode(errors="replace")
