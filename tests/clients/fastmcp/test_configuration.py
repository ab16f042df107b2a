"""fastmcp: the configuration of an MCP client that the Playground shows, in a client that reads it.

The client starts the server, a process of its own, as the configuration says. The connector's address and the key are
filled in; a test of the Playground compares the page's text with the file here.
"""

import json
import sys
from pathlib import Path

import pytest
from every_operation import operations
from fastmcp import Client

pytestmark = pytest.mark.anyio


@pytest.fixture
async def client(connector, monkeypatch):
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}:/usr/bin:/bin")
    text = Path(__file__).with_name("configuration.json").read_text(encoding="utf-8")
    filled_in = text.replace("https://YOUR-APP.azurewebsites.net/api", connector.url).replace("YOUR-KEY", connector.key)
    async with Client(json.loads(filled_in)) as client:
        yield client


async def test_each_operation_is_a_tool(client, connector):
    """The server has the tools of the agents' document."""
    assert sorted(tool.name for tool in await client.list_tools()) == sorted(operations(connector.document))


async def test_tools_are_called(client, session_id):
    """The tools upload a file, run code on it, list the files and end the session."""

    async def call(name, **arguments):
        return (await client.call_tool(name, {"sessionId": session_id, **arguments})).structured_content

    await call("UploadFile", files=[{"fileName": "it's 50%.csv", "fileContent": "Tm9ydGgsNDI="}])
    code = 'with open("/mnt/data/it\'s 50%.csv") as file:\n    print(file.read())'
    assert (await call("ExecutePythonCode", pythonCode=code))["stdout"] == "North,42\n"
    assert [file["fileName"] for file in (await call("ListFiles"))["files"]] == ["it's 50%.csv"]
    await call("EndSession")
    assert (await call("ListFiles"))["files"] == []


async def test_error_message_reaches_the_model(client, session_id):
    """The model reads the connector's message."""
    result = await client.call_tool("GetFile", {"sessionId": session_id, "fileName": "none"}, raise_on_error=False)
    assert result.is_error
    assert "FileNotFound" in result.content[0].text
