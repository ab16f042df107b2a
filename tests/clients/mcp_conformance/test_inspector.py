"""The MCP Inspector, on its command line, lists and calls the tools of the connector's MCP server."""

import json
from pathlib import Path

import pytest
from node_programs import INSPECTOR, run_node


@pytest.fixture
def inspect(connector, tmp_path):
    """Returns a function that runs it, and returns its exit code, its output as JSON and its messages."""

    def run(*options: str, key: str = connector.key):
        url = f"{connector.url}/mcp"
        header = f"x-functions-key: {key}"
        completed = run_node(
            tmp_path, Path(INSPECTOR), "--cli", url, "--transport", "http", "--header", header, *options
        )
        return completed.returncode, json.loads(completed.stdout or "null"), completed.stderr

    return run


def test_the_schemas_of_the_tools_are_portable(inspect):
    """Its strict mode finds nothing that a host or a model's API may not understand."""
    code, listed, messages = inspect("--method", "tools/list", "--strict")
    assert (code, messages) == (0, "")
    assert len(listed["tools"]) == 10


def test_a_tool_is_called(inspect):
    """With its arguments as they are typed."""
    code, result, messages = inspect(
        "--method", "tools/call", "--tool-name", "ExecutePythonCode", "--tool-arg", "pythonCode=6 * 7"
    )
    assert code == 0, messages
    assert "42" in result["content"][0]["text"].split()


def test_a_tool_that_fails_is_an_error(inspect):
    """The exit code states it, for scripts."""
    code, result, _ = inspect(
        "--method", "tools/call", "--tool-name", "ExecutePythonCode", "--tool-arg", "pythonCode=1 / 0"
    )
    assert code != 0
    assert result["isError"] is True


def test_the_template_of_files_is_listed(inspect):
    """With the place of the session's ID."""
    code, listed, messages = inspect("--method", "resources/templates/list")
    assert code == 0, messages
    (template,) = listed["resourceTemplates"]
    assert "{sessionId}" in template["uriTemplate"]


def test_a_wrong_key_is_reported(inspect):
    """It asks for a sign-in, as after each 401."""
    code, listed, messages = inspect("--method", "tools/list", key="wrong")
    assert code == 3
    assert listed is None
    assert "auth_required" in messages
