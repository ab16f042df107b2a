"""The MCP SDKs for TypeScript, 1.x and 2.x in each of its modes, as clients of the connector's MCP server."""

import json
from pathlib import Path

import pytest
from node_programs import run_node

SDKS = Path(__file__).with_name("sdks.mjs")
KINDS = {"1.x": None, "2.x legacy": "2025-11-25", "2.x auto": "2026-07-28", "2.x pinned": "2026-07-28"}


@pytest.fixture
def tour(connector, tmp_path):
    """Returns a function that runs a tour of sdks.mjs."""

    def run(name: str, kind: str):
        completed = run_node(tmp_path, SDKS, name, kind, f"{connector.url}/mcp", connector.key)
        assert completed.returncode == 0, completed.stderr
        return json.loads(completed.stdout)

    return run


@pytest.mark.parametrize("kind", KINDS)
def test_tools_are_listed_and_called(tour, kind):
    """Results have text, images and links to files; errors of programs are results, those of the protocol are not."""
    seen = tour("everything", kind)
    assert seen.pop("version") == KINDS[kind]
    assert len(seen.pop("tools")) == 10
    assert seen == {
        "types": ["text", "image"],
        "result": True,
        "read": "kept",
        "failed": [True, True],
        "unknown": -32602,
    }


@pytest.mark.parametrize("kind", KINDS)
def test_a_wrong_key_is_reported(tour, kind):
    """With the status."""
    failure = tour("wrongKey", kind)
    assert 401 in (failure["code"], failure["status"]), failure


def test_a_run_is_answered_before_the_sdk_gives_up(tour):
    """It does after 60 s, without asking the server for progress: so a call waits for less, and names the run."""
    for seen in tour("longRun", "both"):
        assert 40 < seen["seconds"] < 57
        assert seen["ended"]
