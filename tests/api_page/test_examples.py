"""The examples of docs/api.md, run as they stand against the running app, give the answers that stand below them."""

import json
import os
import shutil
import subprocess
import uuid
from typing import Any

import pytest

from api_page.page import read_examples
from tests.shown import assert_lines_shown, assert_shown

EXAMPLES = [(name, index) for name, examples in read_examples().items() for index in range(len(examples))]


@pytest.fixture(scope="module")
def answers(api_with_key, tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, int], tuple[int, str]]:
    """Status and output of each example; they run in the page's order, and later ones need what earlier ones made."""
    if shutil.which("curl") is None:
        if os.environ.get("CI"):
            pytest.fail("the examples of docs/api.md need curl, and there is none")
        pytest.skip("the examples of docs/api.md need curl, and there is none")
    folder = tmp_path_factory.mktemp("examples")
    environment = {name: value for name, value in os.environ.items() if name != "CURL_HOME"}
    environment |= {"API": api_with_key.url, "KEY": api_with_key.key, "SESSION": str(uuid.uuid4()), "NO_PROXY": "*"}
    found = {}
    for name, index in EXAMPLES:
        request = read_examples()[name][index]["request"]
        script = f"set -euo pipefail\ncurl() {{ command curl -sS -w '\\n%{{http_code}}' \"$@\"; }}\n{request}"
        done = subprocess.run(["bash", "-c", script], cwd=folder, env=environment, capture_output=True, timeout=60)
        assert done.returncode == 0, f"{name}: {done.stderr.decode(errors='replace')}"
        output, _, status = done.stdout.decode().rpartition("\n")
        found[name, index] = (int(status), output)
        if name == "ExecutePythonCode":
            environment["EXECUTION"] = json.loads(output)["executionId"]
    return found


@pytest.mark.parametrize(("name", "index"), EXAMPLES)
def test_an_example_gives_the_answer_that_the_page_shows(answers, name, index):
    """Status and members are the same; times, durations, IDs and versions are of the same kind."""
    example: dict[str, Any] = read_examples()[name][index]
    status, output = answers[name, index]
    assert status == example["status"], output
    if example["answer"].startswith("{"):
        assert_shown(json.loads(example["answer"]), json.loads(output), complete=True)
    else:
        assert_lines_shown(example["answer"], output)
