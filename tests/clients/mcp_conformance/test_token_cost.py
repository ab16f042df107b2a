"""What the list of tools costs an agent, in tokens with each of its requests to the model."""

import json
import urllib.request
from pathlib import Path

import pytest
from node_programs import run_node
from programs import ROOT

MOST = 1400
"""About a percent of the context of a model with 128,000 tokens. What is added should be worth it."""


@pytest.fixture(scope="module")
def listed(connector):
    message = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/list"}).encode()
    headers = {"x-functions-key": connector.key, "Content-Type": "application/json", "Accept": "application/json"}
    request = urllib.request.Request(f"{connector.url}/mcp", message, headers)
    with urllib.request.urlopen(request, timeout=30) as response:
        return json.load(response)["result"]["tools"]


def test_the_list_of_tools_is_short(listed, tmp_path, capsys):
    """As functions of a model's API, which is what hosts make of them: name, description and schema."""
    functions = [
        {"name": tool["name"], "description": tool["description"], "parameters": tool["inputSchema"]} for tool in listed
    ]
    texts = json.dumps([json.dumps(function, separators=(",", ":")) for function in functions])
    completed = run_node(tmp_path, Path(__file__).with_name("count_tokens.mjs"), text=texts)
    assert completed.returncode == 0, completed.stderr
    each = json.loads(completed.stdout)
    with capsys.disabled():
        print(f"\ntools/list: {sum(each)} tokens (o200k_base)")
        for tool, tokens in zip(listed, each, strict=True):
            print(f"  {tool['name']:20} {tokens:5}")
    assert 500 < sum(each) < MOST


def test_the_documentation_states_the_cost():
    """As the limit that the test before this holds."""
    assert f"less than {MOST:,} tokens" in (ROOT / "docs" / "mcp.md").read_text(encoding="utf-8").replace("\n", " ")
