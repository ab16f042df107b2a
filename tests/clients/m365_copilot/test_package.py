"""The code of Microsoft's Agents Toolkit takes the package of `make copilot-agent`."""

import json

import pytest
from agent import ENTRA, node, write_package

FUNCTIONS = {
    "ExecutePythonCode", "GetExecution", "CancelExecution", "ImportFile", "ListFiles", "ShareFile", "DeleteFile",
    "EndSession",
}  # fmt: skip


@pytest.mark.parametrize(("options", "scheme"), [((), "apiKey"), (ENTRA, "oauth2")], ids=["key", "entra"])
def test_the_toolkit_takes_the_package(tmp_path, options, scheme):
    """App, agent and plugin are valid by the published schemas, and every operation of the document is taken."""
    found = node("toolkit.js", str(write_package(tmp_path, *options)))
    assert found["errors"] == {"manifest.json": [], "declarativeAgent.json": [], "ai-plugin.json": []}
    assert found["document"] == []
    assert found["operations"] == dict.fromkeys(FUNCTIONS, scheme)


def test_the_toolkit_finds_mistakes(tmp_path):
    """It has rules: an unknown member, instructions that are too long and a relative address."""
    folder = write_package(tmp_path)
    for name, change in {
        "ai-plugin.json": {"unknown": 1, "name_for_human": None},
        "declarativeAgent.json": {"instructions": "x" * 8001},
    }.items():
        manifest = {**json.loads((folder / name).read_text()), **change}
        (folder / name).write_text(json.dumps(manifest))
    document = json.loads((folder / "openapi.json").read_text())
    document["servers"] = [{"url": "/api"}]
    (folder / "openapi.json").write_text(json.dumps(document))
    found = node("toolkit.js", str(folder))
    assert found["errors"]["ai-plugin.json"] and found["errors"]["declarativeAgent.json"]
    assert found["document"]
