"""The conformance suite of MCP finds no failure in the connector's server but those of expected_failures.toml.

Most scenarios ask for tools, resources and prompts of fixed names: they run on the fixture beside this module. Those
that do not also run on the connector as it is served.
"""

import json
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from programs import Program

HERE = Path(__file__).parent
BIN = Path(sys.executable).parent
NODE_MODULES = BIN.parent / "node_modules"
NEWEST, RELEASED = NODE_MODULES / "@modelcontextprotocol" / "conformance", NODE_MODULES / "conformance-latest"

Check = tuple[str, str]
"""A scenario and the ID of one of its checks."""


@dataclass(frozen=True)
class Outcome:
    """Of a run of the suite. A warning is a failure."""

    statuses: dict[Check, str]

    @property
    def failed(self) -> set[Check]:
        return {check for check, status in self.statuses.items() if status in ("FAILURE", "WARNING")}

    @property
    def passed(self) -> set[Check]:
        return {check for check, status in self.statuses.items() if status == "SUCCESS"}

    @property
    def scenarios(self) -> set[str]:
        return {scenario for scenario, _ in self.statuses}


@pytest.fixture(scope="module")
def fixed_names(start_pool: Callable[..., Any]) -> Iterator[str]:
    """The URL of the fixture."""
    pool = start_pool()
    settings = {"POOL_MANAGEMENT_ENDPOINT": pool.endpoint, "SIGNING_KEY": "a-key-that-is-long-enough-to-sign-with"}
    program = Program("tests.clients.mcp_conformance.fixture", **settings, **pool.identity)
    yield program.output["mcp"]
    program.terminate()
    program.wait()


@pytest.fixture(scope="module")
def open_connector() -> Iterator[str]:
    """The URL of the MCP server of a connector without keys: the suite can be given no header."""
    program = Program("emulator", "--port", "0", "--pool-port", "0")
    yield f"{program.output['connector']}/mcp"
    program.terminate()
    program.wait()


def suite(package: Path, folder: Path, url: str, *options: str) -> Outcome:
    """Runs it. Which of its checks fail is in the files that it writes."""
    command = [BIN / "node", package / "dist" / "index.js", "server", "--url", url, *options, "-o", folder]
    environment = {"PATH": f"{BIN}:{os.environ['PATH']}", "HOME": str(folder)}
    completed = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=95, check=False)
    statuses = {
        (found[1], check["id"]): check["status"]
        for path in sorted(folder.glob("*/checks.json"))
        if (found := re.fullmatch(r"server-(.+)-\d{4}-\d\d-\d\dT[\d-]+Z", path.parent.name))
        for check in json.loads(path.read_text(encoding="utf-8"))
    }
    assert statuses, completed.stdout + completed.stderr
    return Outcome(statuses)


def expected_failures(outcome: Outcome, version: str) -> set[Check]:
    """Those among the scenarios that ran."""
    gaps = tomllib.loads((HERE / "expected_failures.toml").read_text(encoding="utf-8"))["gap"]
    return {
        (scenario, check)
        for gap in gaps
        if version in gap["versions"]
        for scenario, checks in gap["checks"].items()
        if scenario in outcome.scenarios
        for check in checks
    }


@pytest.mark.parametrize(
    ("package", "version", "options", "passing"),
    [
        (RELEASED, "2025-11-25", ["--suite", "all"], 20),
        (NEWEST, "2025-11-25", ["--requirements", "2025-11-25"], 45),
        (NEWEST, "2026-07-28", ["--requirements", "2026-07-28"], 126),
    ],
    ids=["released", "2025-11-25", "2026-07-28"],
)
def test_the_suite_fails_only_as_expected(fixed_names, tmp_path, package, version, options, passing):
    """Of each version of the protocol, with everything that the suite has for it; `passing` is how much that is at
    least."""
    outcome = suite(package, tmp_path, fixed_names, *options)
    assert outcome.failed == expected_failures(outcome, version)
    assert len(outcome.passed) >= passing


@pytest.mark.parametrize(
    ("version", "scenario"),
    [
        ("2025-11-25", "server-initialize"),
        ("2025-11-25", "ping"),
        ("2025-11-25", "tools-list"),
        ("2025-11-25", "resources-list"),
        ("2025-11-25", "prompts-list"),
        ("2025-11-25", "dns-rebinding-protection"),
        ("2026-07-28", "tools-list"),
        ("2026-07-28", "resources-list"),
        ("2026-07-28", "prompts-list"),
        ("2026-07-28", "server-stateless"),
        ("2026-07-28", "sep-2164-resource-not-found"),
        ("2026-07-28", "http-header-validation"),
        ("2026-07-28", "dns-rebinding-protection"),
    ],
)
def test_scenarios_pass_on_the_connector_itself(open_connector, tmp_path, version, scenario):
    """Those that ask for no fixed names."""
    outcome = suite(NEWEST, tmp_path, open_connector, "--scenario", scenario, "--spec-version", version)
    untestable = {("server-stateless", "sep-2575-server-rejects-undeclared-capability"),
                  ("server-stateless", "sep-2575-missing-capability-http-400")}  # fmt: skip
    assert outcome.failed - untestable == expected_failures(outcome, version)
    assert outcome.passed


def test_every_gap_has_a_reason():
    """And is a list of checks."""
    for gap in tomllib.loads((HERE / "expected_failures.toml").read_text(encoding="utf-8"))["gap"]:
        assert gap["reason"].endswith(".") and gap["checks"] and gap["versions"]
