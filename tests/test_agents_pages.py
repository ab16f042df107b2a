"""docs/agents.md and docs/mcp.md state what the MCP server does, and what they show to paste can be pasted."""

import ast
import json
import re
import time
from pathlib import Path
from typing import Any

import pytest
import yaml

from connector.contract.makers import makers_document
from connector.contract.mcp import mcp_document
from connector.mcp import file_content, results, run_tools
from connector.mcp.resources import TEMPLATE
from tests.markdown import section, table

ROOT = Path(__file__).resolve().parents[1]
AGENTS = (ROOT / "docs" / "agents.md").read_text(encoding="utf-8")
MCP = (ROOT / "docs" / "mcp.md").read_text(encoding="utf-8")
MCP_CONNECTOR = (ROOT / "power-platform" / "mcp-readme.md").read_text(encoding="utf-8")
DOCUMENT = yaml.safe_load((ROOT / "openapi.yaml").read_text(encoding="utf-8"))
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", AGENTS, re.MULTILINE | re.DOTALL)
JSON_BLOCKS = [block for language, block in BLOCKS if language == "json"]
PYTHON_BLOCKS = [block for language, block in BLOCKS if language == "python"]

ADDRESS = "https://YOUR-APP.azurewebsites.net/api/mcp"


@pytest.fixture(scope="module")
def tools(api):
    """What a host gets of the server, by name."""
    listed = call(api, "tools/list")["tools"]
    return {tool["name"]: tool for tool in listed}


def call(api, method, **params) -> dict[str, Any]:
    """The result of a request to the MCP server."""
    message = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
    response = api.call("POST", "/mcp", json=message)
    result: dict[str, Any] = response.json()["result"]
    return result


def members(value, name):
    """All values of members with a name, at any depth."""
    if isinstance(value, dict):
        for key, member in value.items():
            if key == name:
                yield member
            yield from members(member, name)


@pytest.mark.parametrize("block", JSON_BLOCKS, ids=range(len(JSON_BLOCKS)))
def test_settings_of_hosts_can_be_pasted(block, tools):
    """They are JSON, with the address of the server, the header of the function key, and names of its tools."""
    settings = json.loads(block)
    assert [*members(settings, "url"), *members(settings, "server_url")] == [ADDRESS]
    header = DOCUMENT["components"]["securitySchemes"]["functionKey"]["name"]
    assert all(list(headers) == [header] for headers in members(settings, "headers"))
    named = [*members(settings, "allowed_tools"), *members(settings, "tool_names"), *members(settings, "tools")]
    assert {name for names in named for name in names} <= set(tools)
    assert not {name for names in named for name in names if tools[name]["annotations"].get("destructiveHint")} - {
        "ExecutePythonCode",
        "UploadFile",
    }


def test_hosts_have_settings_to_paste():
    """Each of those that read JSON."""
    assert len(JSON_BLOCKS) == 5


@pytest.mark.parametrize("block", PYTHON_BLOCKS, ids=range(len(PYTHON_BLOCKS)))
def test_python_can_be_pasted(block):
    """It is valid, with the address of the server."""
    compile(block, "docs/agents.md", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    assert ADDRESS in block


def test_key_for_hosts_without_json_is_in_the_right_header():
    """The wizards of Copilot Studio and Foundry ask for its name, and Claude Code's command has it."""
    for title in ("Copilot Studio", "Microsoft Foundry", "Claude", "ChatGPT"):
        assert "x-functions-key" in section(AGENTS, title)
        assert ADDRESS in section(AGENTS, title) or title == "ChatGPT"


def test_documents_to_import_exist():
    """Those that the page names are served, and only that of the MCP server is marked as one."""
    for path in re.findall(r"azurewebsites\.net/api(/[\w.-]+)", AGENTS):
        assert path in DOCUMENT["paths"], path
    assert "x-ms-agentic-protocol" not in json.dumps(makers_document(DOCUMENT))
    assert "x-ms-agentic-protocol" in json.dumps(mcp_document(DOCUMENT))


def test_tools_table(tools):
    """docs/mcp.md lists the tools in their order, with their arguments; `?` marks what is optional."""
    assert [(name, re.findall(r"[\w?]+", arguments)) for name, arguments, _ in table(section(MCP, "Tools"))] == [
        (
            name,
            [
                argument if argument in tool["inputSchema"]["required"] else f"{argument}?"
                for argument in tool["inputSchema"]["properties"]
            ],
        )
        for name, tool in tools.items()
    ]


def test_tools_are_operations(tools):
    """Each tool has the name of an operation of the contract."""
    operations = {
        operation["operationId"]
        for item in DOCUMENT["paths"].values()
        for method, operation in item.items()
        if method != "parameters"
    }
    assert set(tools) <= operations


def test_numbers_of_the_server_page():
    """docs/mcp.md has the limits of the code, and the readme of the custom connector the same wait."""
    for number in (
        f"{results.MOST_CHARACTERS:,} characters",
        f"text has {results._TEXT_CHARACTERS:,}, or {results._TEXT_CHARACTERS_BESIDE_IMAGES:,}",
        f"parts of {file_content.CHUNK_BYTES:,} bytes",
        f"waits for its run for {run_tools._LONGEST_WAIT_SECONDS} seconds",
        f"runs for {run_tools._LONGEST_WAIT_SECONDS} seconds at most",
        f"up to {run_tools._TIMEOUT_SECONDS} seconds unless",
        f"`{TEMPLATE}`",
    ):
        assert number in " ".join(MCP.split()), number
    assert f"for up to {run_tools._LONGEST_WAIT_SECONDS} seconds" in " ".join(MCP_CONNECTOR.split())


def test_host_that_gives_up_early_gets_an_execution_id_in_time(start_connector, emulator):
    """CALLER_WAIT_SECONDS bounds every wait, of REST and of MCP, for a model that sends only code; nothing is lost.

    docs/agents.md sets it to 40 for hosts that give up after 45 seconds; here, both are shorter.
    """
    api = start_connector(**emulator.environment, CALLER_WAIT_SECONDS="1")
    code = "import time\nprint('begin', flush=True)\ntime.sleep(4)\n6 * 7"
    began = time.monotonic()
    response = api.call("POST", "/executions", json={"pythonCode": code})
    assert response.status_code == 202 and response.json()["status"] == "Running"
    result = call(api, "tools/call", name="ExecutePythonCode", arguments={"pythonCode": code})
    assert time.monotonic() - began < 2 * (1 + 5)
    assert "isError" not in result
    (text,) = [block["text"] for block in result["content"]]
    assert "Call GetExecution" in text
    run = response.json()
    poll = f"/executions/{run['executionId']}?sessionId={run['sessionId']}"
    while response.status_code == 202:
        time.sleep(0.2)
        response = api.call("GET", poll)
    assert response.json()["result"] == "42"


def test_arguments_of_prompts_are_listed(api):
    """In the order in which hosts ask for them, and all with the mark of what can be omitted."""
    documented = [name for name, _ in table(section(MCP, "Prompts"))]
    (arguments,) = {
        tuple(argument["name"] for argument in each["arguments"]) for each in call(api, "prompts/list")["prompts"]
    }
    assert documented == [f"{name}?" for name in arguments]


def test_the_prompt_that_is_shown_exists(api):
    """As a slash command of each host."""
    names = {prompt["name"] for prompt in call(api, "prompts/list")["prompts"]}
    shown = re.findall(r"`/mcp(?:\.|__)code-interpreter(?:\.|__)(\w+)", AGENTS)
    assert len(shown) == 2 and set(shown) <= names
