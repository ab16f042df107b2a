"""fastmcp: the configuration of an MCP client that the Playground shows, in a client that reads it.

It is in the form of VS Code, which asks for its inputs. Here the address and the input are filled in, and the servers
are handed to fastmcp as they are; a test of the Playground compares the page's text with the file here.
"""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from every_operation import SALES
from fastmcp import Client

pytestmark = pytest.mark.anyio

SHOWN = Path(__file__).with_name("mcp.json").read_text(encoding="utf-8")


def filled_in(connector: Any, key: str) -> dict[str, Any]:
    """What VS Code makes of the file, as other clients take it."""
    configuration = json.loads(SHOWN.replace("https://YOUR-APP.azurewebsites.net/api", connector.url))
    ids = [entry["id"] for entry in configuration["inputs"]]
    assert re.findall(r"\$\{input:(\w+)\}", SHOWN) == ids
    text = json.dumps(configuration["servers"])
    for name in ids:
        text = text.replace(f"${{input:{name}}}", key)
    return {"mcpServers": json.loads(text)}


@pytest.fixture
async def client(connector):
    async with Client(filled_in(connector, connector.key)) as client:
        yield client


def test_no_secret_is_in_the_file():
    """VS Code asks for the key, does not show it, and keeps it outside of the file."""
    (entry,) = json.loads(SHOWN)["inputs"]
    assert (entry["type"], entry["password"]) == ("promptString", True)


async def test_the_tools_are_those_of_the_connector(client):
    """Without another program in between."""
    assert {"ExecutePythonCode", "UploadFile", "GetFile"} <= {tool.name for tool in await client.list_tools()}


async def test_tools_are_called(client, session_id):
    """They upload a file, run code on it, list the files and read one."""

    async def call(name: str, **arguments: Any) -> str:
        result = await client.call_tool(name, {"sessionId": session_id, **arguments})
        return "\n".join(content.text for content in result.content if content.type == "text")

    await call("UploadFile", fileName="it's 50%.csv", content=SALES.decode())
    code = 'with open("/mnt/data/it\'s 50%.csv") as file:\n    print(len(file.read()))'
    assert str(len(SALES)) in (await call("ExecutePythonCode", pythonCode=code)).split()
    assert "it's 50%.csv" in await call("ListFiles")
    assert SALES.decode().strip() in await call("GetFile", fileName="it's 50%.csv")


async def test_error_message_reaches_the_model(client, session_id):
    """The model reads the connector's message."""
    result = await client.call_tool("GetFile", {"sessionId": session_id, "fileName": "none"}, raise_on_error=False)
    assert result.is_error
    assert "FileNotFound" in result.content[0].text


async def test_a_wrong_key_ends_the_connection(connector):
    """Nothing is listed."""
    with pytest.raises(Exception, match="401|Server returned an error"):
        async with Client(filled_in(connector, "wrong")) as client:
            await client.list_tools()
