"""@ivotoby/openapi-mcp-server: a bridge that makes MCP tools of the operations of openapi.json.

It is driven by MCP's official SDK for TypeScript, with the settings that docs/clients.md shows.
"""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from programs import ROOT

PACKAGE = "@ivotoby/openapi-mcp-server"
BIN = Path(sys.executable).parent
NODE_MODULES = BIN.parent / "node_modules"
GIVES_UP_AFTER_SECONDS = 30


@pytest.fixture(scope="module")
def documented():
    """The server as a host's settings name it."""
    page = (ROOT / "docs" / "clients.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"<!-- run by tests/clients/mcp_bridge -->\n```json\n(.*?)```", page, re.DOTALL)
    return json.loads(block)["mcpServers"]["code-interpreter"]


@pytest.fixture(scope="module")
def seen(documented, connector_for_bridges, tmp_path_factory):
    """What conversation.mjs saw."""
    folder = tmp_path_factory.mktemp("bridge")
    program = folder / "conversation.mjs"
    program.write_bytes(Path(__file__).with_name("conversation.mjs").read_bytes())
    (folder / "node_modules").symlink_to(NODE_MODULES)
    environment = json.dumps(documented["env"])
    for placeholder, value in (
        ("https://YOUR-APP.azurewebsites.net/api", connector_for_bridges.url),
        ("KEY", connector_for_bridges.key),
    ):
        assert placeholder in environment
        environment = environment.replace(placeholder, value)
    completed = subprocess.run(
        [BIN / "node", program, NODE_MODULES / PACKAGE / "bin" / "mcp-server.js", environment],
        cwd=folder,
        env={"PATH": f"{BIN}:{os.environ['PATH']}", "HOME": str(folder)},
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )
    assert completed.returncode == 0, completed.stderr
    return json.loads(completed.stdout)


def test_settings_start_the_package(documented):
    """Of the version that is tested."""
    version = json.loads(Path(__file__).with_name("package.json").read_text())["devDependencies"][PACKAGE]
    assert (documented["command"], documented["args"]) == ("npx", ["-y", f"{PACKAGE}@{version}"])


def test_every_operation_is_a_tool(seen, connector_for_bridges):
    """Its name is the operation's, in words."""
    operations = [
        operation["operationId"]
        for item in connector_for_bridges.document["paths"].values()
        for operation in item.values()
    ]
    assert seen["tools"] == [re.sub(r"(?<!^)([A-Z])", r"-\1", name).lower() for name in operations]


def test_a_job_is_done(seen):
    """A file is uploaded, read by code and deleted; a mistake is an error, with the words of the connector."""
    missing = seen["job"].pop("missing")
    assert seen["job"] == {"value": 3, "failed": "ZeroDivisionError", "deleted": "", "files": [], "ended": ""}
    assert missing["isError"] and "404" in missing["text"]
    assert "The session has no file 'none.csv'" in missing["text"]


def test_a_run_that_outlasts_the_wait_is_not_lost(seen):
    """It is answered before the bridge gives up, with what GetExecution needs."""
    assert (seen["long"]["waitInSeconds"], seen["long"]["status"]) == (20, "Running")
    assert 19 < seen["long"]["seconds"] < GIVES_UP_AFTER_SECONDS
    assert seen["long"]["result"] == "done"
