"""Every example of docs/api.md, run unchanged against the running app, returns the response shown below it."""

import json
import os
import shutil
import subprocess
import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from api_page.page import read_examples
from tests.conftest import emulated_storage
from tests.shown import assert_lines_shown, assert_shown

EXAMPLES = [(name, index) for name, examples in read_examples().items() for index in range(len(examples))]


@pytest.fixture(scope="module")
def addresses(emulator, running_connector) -> Iterator[dict[str, str]]:
    """The variables of the page: a connector with keys and storage, and a container with the files of the examples."""
    with (
        emulated_storage(emulator.authority) as storage,
        running_connector(require_keys=True, **emulator.environment, **storage.environment) as connector,
    ):
        storage.put("targets.csv", b"region,target\nNorth,45\nSouth,20\n")
        storage.put("measurements.csv", bytes(40_000_000))
        yield {"API": connector.url, "KEY": connector.key, "IMPORTS": storage.server.container_url("imports")}


@pytest.fixture(scope="module")
def responses(addresses, tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, int], tuple[int, str]]:
    """The status and output of each example. Later ones depend on earlier ones, so they run in page order."""
    if shutil.which("curl") is None:
        if os.environ.get("CI"):
            pytest.fail("The examples of docs/api.md need curl. Install it.")
        pytest.skip("The examples of docs/api.md need curl. Install it.")
    folder = tmp_path_factory.mktemp("examples")
    environment = {name: value for name, value in os.environ.items() if name != "CURL_HOME"}
    environment |= {**addresses, "SESSION": str(uuid.uuid4()), "NO_PROXY": "*"}
    results = {}
    for name, index in EXAMPLES:
        request = read_examples()[name][index]["request"]
        script = f"set -euo pipefail\ncurl() {{ command curl -sS -w '\\n%{{http_code}}' \"$@\"; }}\n{request}"
        completed = subprocess.run(["bash", "-c", script], cwd=folder, env=environment, capture_output=True, timeout=60)
        assert completed.returncode == 0, f"{name}: {completed.stderr.decode(errors='replace')}"
        output, _, status = completed.stdout.decode().rpartition("\n")
        results[name, index] = (int(status), output)
        if name == "ExecutePythonCode":
            environment["EXECUTION"] = json.loads(output)["executionId"]
    return results


@pytest.mark.parametrize(("name", "index"), EXAMPLES)
def test_example_returns_the_response_on_the_page(responses, name, index):
    """Status and members are equal; times, durations, IDs and versions have the same type."""
    example: dict[str, Any] = read_examples()[name][index]
    status, output = responses[name, index]
    assert status == example["status"], output
    if example["response"].startswith("{"):
        assert_shown(json.loads(example["response"]), json.loads(output), complete=True)
    else:
        assert_lines_shown(example["response"], output)
