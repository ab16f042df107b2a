"""Redocly's linter with its recommended rules, and Spectral's with those for OpenAPI, find nothing in the documents."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

BIN = Path(sys.executable).parent
COMMANDS = BIN.parent / "node_modules" / ".bin"
DOCUMENTS = ("openapi.yaml", "openapi-full.json", "openapi.json", "swagger.json", "mcp-swagger.json")


NOT_FOR_AGENTS = ("operation-4xx-response", "operation-tags")
"""Rules that the agents' document, openapi.json, does not follow: it is put into prompts, which need no tags, and
`default` describes all errors there.
"""


@pytest.fixture(params=DOCUMENTS)
def document(request, connector, tmp_path):
    """The path of a document, in a folder without a configuration of a linter."""
    return connector.save_document(request.param, tmp_path)


def allowed(document):
    """The rules that the document need not follow."""
    return NOT_FOR_AGENTS if document.name == "openapi.json" else ()


def lint(folder, *command):
    environment = {
        "PATH": f"{BIN}:{os.environ['PATH']}",
        "HOME": str(folder),
        "REDOCLY_TELEMETRY": "off",
        "REDOCLY_SUPPRESS_UPDATE_NOTICE": "true",
    }
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=100, check=False
    )


def test_redocly_finds_nothing(document):
    """Neither errors nor warnings."""
    completed = lint(document.parent, COMMANDS / "redocly", "lint", document.name, "--format", "json")
    assert completed.returncode == 0, completed.stdout + completed.stderr
    problems = json.loads(completed.stdout)["problems"]
    assert [problem for problem in problems if problem["ruleId"] not in allowed(document)] == []


def test_spectral_finds_nothing(document):
    """Nor hints."""
    off = {rule: "off" for rule in allowed(document) if rule != "operation-4xx-response"}  # a rule of Redocly's
    (document.parent / "ruleset.yaml").write_text(json.dumps({"extends": ["spectral:oas"], "rules": off}))
    completed = lint(
        document.parent, COMMANDS / "spectral", "lint", document.name, "--ruleset", "ruleset.yaml", "--format", "json",
        "--fail-severity", "hint",
    )  # fmt: skip
    assert completed.returncode == 0, completed.stdout + completed.stderr


def test_the_linters_find_mistakes(connector, tmp_path):
    """They have rules: a document without a summary and with a broken reference fails both."""
    document = tmp_path / "broken.json"
    content = json.loads(connector.save_document("openapi.json", tmp_path).read_text())
    content["paths"]["/connection"]["get"]["responses"]["200"] = {"$ref": "#/components/responses/None"}
    del content["paths"]["/connection"]["get"]["operationId"]
    document.write_text(json.dumps(content))
    (tmp_path / "ruleset.yaml").write_text('extends: ["spectral:oas"]\n')
    assert lint(tmp_path, COMMANDS / "redocly", "lint", document.name).returncode != 0
    assert lint(tmp_path, COMMANDS / "spectral", "lint", document.name, "--ruleset", "ruleset.yaml").returncode != 0
