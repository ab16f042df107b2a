"""fastmcp: the tools that FastMCP.from_openapi makes of the agents' document, called on the running connector.

An MCP client calls them, in the same process. It holds every answer to the schema that the tool promises.
"""

import httpx2
import pytest
from every_operation import EveryOperation, for_each_operation, operations
from fastmcp import Client, FastMCP

pytestmark = pytest.mark.anyio


@pytest.fixture
async def client(connector):
    async with httpx2.AsyncClient(
        base_url=connector.url, headers={"x-functions-key": connector.key}, timeout=100
    ) as http:
        server = FastMCP.from_openapi(openapi_spec=connector.document, client=http, name="Code Interpreter")
        async with Client(server) as client:
            yield client


@pytest.fixture
async def tools(client):
    return {tool.name: tool for tool in await client.list_tools()}


@pytest.fixture
def call(client):
    async def call(operation_id, **arguments):
        result = await client.call_tool(operation_id, arguments)
        (content,) = result.content
        assert result.structured_content is not None or content.text == ""
        return result.structured_content

    return call


class TestEveryOperation(EveryOperation):
    """Through MCP tools."""


async def test_each_operation_is_a_tool(tools, connector):
    """Its name is the operationId."""
    assert sorted(tools) == sorted(operations(connector.document))


async def test_a_tools_description_is_the_operations(tools, connector):
    """What the model sees is `description`."""
    for operation_id, (_, _, operation) in operations(connector.document).items():
        assert tools[operation_id].description == operation["description"]


@for_each_operation
async def test_a_tools_arguments_are_flat(tools, operation_id, required, optional):
    """Parameters and the body's members stand side by side, each with its type and a description."""
    schema = tools[operation_id].input_schema
    assert {name: entry["type"] for name, entry in schema["properties"].items()} == required | optional
    assert set(schema["required"]) == set(required)
    assert all(entry["description"] for entry in schema["properties"].values())


async def test_an_error_is_told_in_the_connectors_words(client):
    """The model reads what is wrong and what to do."""
    result = await client.call_tool(
        "ExecutePythonCode", {"pythonCode": "1", "timeoutInSeconds": 6000}, raise_on_error=False
    )
    assert result.is_error
    (content,) = result.content
    assert "400" in content.text and "timeoutInSeconds is 6000. Send a value from 1 to 3600." in content.text


async def test_a_file_that_is_not_there_is_told(client, session_id):
    """The error says how to find out what is there."""
    result = await client.call_tool("GetFile", {"sessionId": session_id, "fileName": "none.csv"}, raise_on_error=False)
    assert result.is_error
    (content,) = result.content
    assert "FileNotFound" in content.text and "ListFiles" in content.text


async def test_without_the_key_nothing_is_called(connector):
    """The document is open, its operations are not."""
    async with httpx2.AsyncClient(base_url=connector.url) as http:
        server = FastMCP.from_openapi(openapi_spec=connector.document, client=http)
        async with Client(server) as client:
            result = await client.call_tool("CheckConnection", {}, raise_on_error=False)
    assert result.is_error
    (content,) = result.content
    assert "401" in content.text
